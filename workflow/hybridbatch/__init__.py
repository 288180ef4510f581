"""Hybrid batch training of multilingual retrievers, measured end to end."""

__version__ = "0.1.0"
