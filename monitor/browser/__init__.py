"""A browser without a network: it shows a page whose every request we answer ourselves."""
