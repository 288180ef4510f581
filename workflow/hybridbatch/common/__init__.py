"""What every stage uses: files, errors, settings, threads, progress."""
