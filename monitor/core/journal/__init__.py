"""The leaves of the journal: encoded, decoded, checked against their schema, replayed. Pure."""
