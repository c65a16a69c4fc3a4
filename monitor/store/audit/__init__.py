"""Audit of the database against its journal, row by row."""
