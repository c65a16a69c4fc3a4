"""Rebuild a database from the journal and from the files beside it."""
