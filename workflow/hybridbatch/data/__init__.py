"""The data for training and evaluation: downloads, benchmarks, corpora and pairs."""
