"""From messages to the tokens of a prompt, and from what a model writes to its answer."""
