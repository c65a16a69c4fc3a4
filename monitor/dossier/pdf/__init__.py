"""From blocks of text to PDF/A, in a process of its own."""
