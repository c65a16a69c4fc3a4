"""Our own process: its clock, its log, its faults, its threads."""
