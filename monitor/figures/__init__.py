"""Figures of the record: one place that answers, for commands, pages, metrics and files alike."""
