"""The database against its journal, row by row."""
