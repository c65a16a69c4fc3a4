"""What a page states that a person needs, and the dates it displays."""
