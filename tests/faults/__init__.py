"""A workflow that is killed, damaged or starved, and what the next command gives."""
