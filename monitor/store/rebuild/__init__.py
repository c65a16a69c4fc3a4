"""A database made again from the journal and from what is kept beside it."""
