"""Keeps Python's garbage collector from visiting all modules and turns again and again, while the
app opens and whenever it makes many widgets: a key would wait for that. Instead all garbage is
collected after every few removed turns, so that it is never much."""

from __future__ import annotations

import gc

SETTLED_S = 1.0
"""How long after the session was read nearly all that will stay has been made."""

PAUSE_S = 1.0
"""How long the app is idle before the rest is collected."""

_YOUNG = (700, 10, 40)
"""Python's own thresholds, except that full collections are a quarter as frequent."""


def put_off() -> None:
    """Collect nothing before `settle`: what is made while the app opens is no garbage."""
    gc.disable()


def settle() -> None:
    """Freeze what exists, and collect from now on. Only after `put_off`."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(*_YOUNG)
        gc.enable()


def look() -> None:
    """Collect all garbage now. Not before `settle`."""
    if gc.isenabled():
        gc.collect()
