"""Whether a failure may be ours: the control panel, the clock, the addresses we were given."""
