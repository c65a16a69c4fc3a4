"""What holds between keys: targets and platforms, budgets, the law."""
