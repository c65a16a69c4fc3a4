"""The types of single values: their shape and bounds."""
