"""Grammars that an answer must follow: GBNF, and JSON Schemas turned into it."""
