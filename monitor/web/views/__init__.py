"""What each page says, worked out before any markup."""
