"""From checks to outages, incidents, gaps and time in each state. Pure."""
