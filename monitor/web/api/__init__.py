"""The programming interface, `/api/v1/`: the record, read-only, for programs of others."""
