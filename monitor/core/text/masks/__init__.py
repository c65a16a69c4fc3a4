"""What is not content: elements, words that change by themselves, menus."""
