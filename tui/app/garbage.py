"""Keeps Python's garbage collector from looking through all modules and turns again and again,
while the app opens and each time it has made many widgets: a key would wait for that. What turns
leave behind is looked for as often as a few of them are gone, so that it is never much."""

from __future__ import annotations

import gc

SETTLED_S = 1.0
"""So long after the session was read nearly all that will stay is there."""

PAUSE_S = 1.0
"""After so long without anything to do the rest of it is looked for."""

_YOUNG = (700, 10, 40)
"""Python's own numbers, but that all of the garbage is looked for four times as seldom."""


def put_off() -> None:
    """Look for no garbage before `settle`: what is made while the app opens is none."""
    gc.disable()


def settle() -> None:
    """Look for garbage from now on, but not in what is there. Only where it was put off."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(*_YOUNG)
        gc.enable()


def look() -> None:
    """Look for all of it now. Not before `settle`."""
    if gc.isenabled():
        gc.collect()
