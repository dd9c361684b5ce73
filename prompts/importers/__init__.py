"""Reads the prompts of other programs: one module for each form, and nothing is carried out."""

from prompts.importers.detect import read_prompts
from prompts.importers.values import FORMS, Imported, Problem

__all__ = ["FORMS", "Imported", "Problem", "read_prompts"]
