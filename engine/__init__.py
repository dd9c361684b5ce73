"""Weights and tokens: the worker process that runs llama.cpp, and its caller's side."""
