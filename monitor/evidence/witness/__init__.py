"""Cosignatures: asked of other witnesses, and given to the journals of others."""
