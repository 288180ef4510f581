"""The report: its inputs, its words and charts, and its sections."""
