"""Simulated government sites with scripted faults, on this machine only, for `vigie demo`."""
