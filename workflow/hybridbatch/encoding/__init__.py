"""The dual encoder and how texts go through it."""
