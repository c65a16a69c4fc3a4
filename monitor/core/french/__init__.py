"""What readers are told: sentences, labels, and how instants and numbers are written. Pure."""
