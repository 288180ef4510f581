"""Readers of raw files: benchmarks and training sources."""
