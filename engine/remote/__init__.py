"""Models at OpenAI-compatible servers: vLLM, llama-server, Ollama, LM Studio, and hosted ones.

Only `engine.remote.endpoint` is light enough to be loaded by who merely lists them.
"""
