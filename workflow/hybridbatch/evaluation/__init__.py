"""Metrics, bias and statistics as formulas over tables."""
