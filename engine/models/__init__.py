"""GGUF files: where they lie, what they are, what they are called, and how to get them.

Everything here reads headers only; loading is for the worker process.
"""

from engine.models.finding import (
    DescribedModel,
    FoundModel,
    Inventory,
    find_models,
    resolve_model,
    take_inventory,
)
from engine.models.stores import Unusable
from engine.models.summary import ModelSummary

__all__ = [
    "DescribedModel",
    "FoundModel",
    "Inventory",
    "ModelSummary",
    "Unusable",
    "find_models",
    "resolve_model",
    "take_inventory",
]
