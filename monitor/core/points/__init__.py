"""What several points of measurement say together of one target."""
