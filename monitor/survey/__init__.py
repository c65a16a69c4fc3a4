"""The first day: everything that is configured, asked once, read, and what must be corrected."""
