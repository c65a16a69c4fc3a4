"""Bounds and checks for values that come from outside. Pure."""
