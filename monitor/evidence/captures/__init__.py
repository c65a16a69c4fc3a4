"""The exact bytes that are kept, as WARC files, and their check against the leaves."""
