"""Models at OpenAI-compatible servers: vLLM, llama-server, Ollama, LM Studio, and hosted ones."""

from engine.remote.client import RemoteEngine
from engine.remote.endpoint import SERVERS, Endpoint

__all__ = ["SERVERS", "Endpoint", "RemoteEngine"]
