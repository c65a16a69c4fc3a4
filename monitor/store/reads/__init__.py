"""Queries of the record, each on a read-only connection."""
