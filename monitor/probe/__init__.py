"""One check, from its schedule to its outcome."""
