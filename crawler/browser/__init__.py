"""A real browser, for the few lists that a script writes and no family knows to ask for. It starts with the first of them."""
