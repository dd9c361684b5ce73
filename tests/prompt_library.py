"""Prompts in the folders where the program looks for them, for tests of the command line."""

from __future__ import annotations

from pathlib import Path

from scripted_chat import Chat

POSTCARD = """
title = "Postcard"
summary = "Turn notes into a postcard"
tags = ["draft", "short"]
kind = "generate"
system = "You write postcards to {{ to }}."
user = "{{ words }} words, {{ tone }}: {{ text }}"

[variables.to]
required = true
description = "Who gets the card"

[variables.words]
type = "int"
default = 40
min = 10
max = 120

[variables.tone]
type = "choice"
choices = ["warm", "cool"]
default = "warm"

[params]
temperature = 0.8

[[examples]]
input = "rain"
output = "It rains."
"""


def own(chat: Chat, name: str, text: str) -> Path:
    """Write a file into the user's library."""
    return _written(chat.home / "config" / "prompts" / name, text)


def of_project(folder: Path, name: str, text: str) -> Path:
    """Write a file into the library of a project."""
    return _written(folder / ".chat" / "prompts" / name, text)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
