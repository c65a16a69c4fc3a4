"""French texts for readers: sentences, labels, and the format of instants and numbers. Pure."""
