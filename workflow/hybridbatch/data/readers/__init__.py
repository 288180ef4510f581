"""Readers of the user's own data: one layer for the workflow's `path:` and `hybridbatch import`."""
