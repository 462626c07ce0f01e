"""What language models add, when an operator wants them to: facts with verbatim quotes, and search by meaning."""
