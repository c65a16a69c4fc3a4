"""One check, from its schedule to its outcome, and all that it needs to know of its target."""
