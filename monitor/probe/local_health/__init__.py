"""Whether a failure may be ours: the control panel, the clock, the resolved addresses."""
