"""Choosing the next token, and what the model thought of it."""
