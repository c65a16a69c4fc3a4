"""Evidence: the journal, its proofs, its witnesses and the captures that it names."""
