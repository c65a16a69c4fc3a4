"""One module a file of the configuration, or a group of its tables."""
