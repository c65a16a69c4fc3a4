"""From an exchange to a verdict: a summary of the answer, fingerprints, ordered rules."""
