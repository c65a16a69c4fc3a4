"""Dossiers asked for on the site: a queue of one, links that last a day, a register of codes."""
