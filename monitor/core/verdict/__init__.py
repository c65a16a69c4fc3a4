"""From an exchange to a verdict: what is seen of an answer, marks, ordered rules."""
