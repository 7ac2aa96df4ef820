"""From text to a syntax tree: scanner, token filter, parser and what they say about mistakes."""
