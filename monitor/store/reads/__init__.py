"""Questions to the record, each on a connection that can only read."""
