"""The command `serve`: questions and their first passages on a local web page."""
