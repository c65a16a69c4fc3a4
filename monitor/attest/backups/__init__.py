"""A whole record in one file: made while the service runs, and restored."""
