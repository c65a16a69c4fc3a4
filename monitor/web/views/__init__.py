"""The content of each page, computed before any markup."""
