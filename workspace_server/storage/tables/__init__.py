"""Rows, one module per table or two that belong together: SQL in, named tuples out."""
