"""Cosignatures: requested from witnesses, and given to the journals of others."""
