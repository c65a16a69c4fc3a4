"""The journals of others, read as monitors of Certificate Transparency read logs."""
