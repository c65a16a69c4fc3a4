"""Time-stamps (RFC 3161) of the checkpoints."""
