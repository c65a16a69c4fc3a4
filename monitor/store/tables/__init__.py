"""The tables of the record."""
