"""What is trained and evaluated on: downloads, benchmarks, corpora and pairs."""
