"""What one transaction writes: the check, its leaves, and all that follows from it."""
