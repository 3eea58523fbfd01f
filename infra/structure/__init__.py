"""Counts what can be counted about the structure of the code: `python -m structure`."""
