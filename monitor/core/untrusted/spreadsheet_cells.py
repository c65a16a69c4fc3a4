"""Cells of text that a spreadsheet must not take for a formula."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # as the first character, a spreadsheet obeys it


def not_a_formula(text: str) -> str:
    """Return a text that no spreadsheet obeys: with an apostrophe before it where need be."""
    return f"'{text}" if text.lstrip(" \N{NO-BREAK SPACE}").startswith(_FORMULA) else text
