"""What every stage uses: files, errors, options, threads, progress."""
