"""The parts of the report: what it reads, how it is said and drawn, and its sections."""
