"""What needs both the store and the evidence: seals, anchors, verification, backups."""
