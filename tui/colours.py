"""The colours of what is drawn: two themes of the program's own, and one for terminals that have
few colours or are to show none."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from rich.console import Console
from textual.app import App
from textual.theme import BUILTIN_THEMES, Theme


def _quiet(foreground: str) -> dict[str, str]:
    """Lists and bars to scroll with, a shade from what they lie on."""
    return {
        "block-cursor-background": f"{foreground} 15%",
        "block-cursor-foreground": foreground,
        "block-cursor-blurred-background": f"{foreground} 8%",
        "block-cursor-blurred-foreground": foreground,
        "block-hover-background": f"{foreground} 5%",
        "scrollbar": f"{foreground} 18%",
        "scrollbar-hover": f"{foreground} 35%",
        "scrollbar-background": "transparent",
        "scrollbar-background-hover": "transparent",
        "scrollbar-background-active": "transparent",
        "scrollbar-corner-color": "transparent",
    }


INK = Theme(
    "ink",
    primary="#82b1e8",
    secondary="#82b1e8",
    accent="#82b1e8",
    warning="#d9a860",
    error="#e5807f",
    success="#8fc088",
    foreground="#dcdfe4",
    background="#14161a",
    surface="#1b1e23",
    panel="#242830",
    variables=_quiet("#dcdfe4"),
)
PAPER = Theme(
    "paper",
    primary="#1f5f9c",
    secondary="#1f5f9c",
    accent="#1f5f9c",
    warning="#a96800",
    error="#b0322d",
    success="#36743a",
    foreground="#1f1e1b",
    background="#fbfaf7",
    surface="#f3f1eb",
    panel="#e9e6de",
    dark=False,
    variables=_quiet("#1f1e1b"),
)
_ANSI = BUILTIN_THEMES["ansi-dark"]
FEW_COLOURS = replace(
    _ANSI,
    name="few-colours",
    variables={
        **_ANSI.variables,
        "error-muted": "ansi_default",
        "success-muted": "ansi_default",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-blurred-background": "ansi_bright_black",
        "block-cursor-blurred-foreground": "ansi_bright_white",
    },
)
"""The terminal's own colours, where there are 16 or none: mixed ones would all become grey, and a
lighter red of the background red like the words on it."""


def few_colours() -> bool | None:
    """For `App(ansi_color=…)`: whether the terminal's own colours are all there is; else None.

    Without colours they are taken away too, where mixed ones would be made grey.
    """
    has_few = Console(force_terminal=True).color_system == "standard"
    return "NO_COLOR" in os.environ or has_few or None


def begin_with_colours(app: App[Any]) -> None:
    """Take the colours that this terminal can show, before anything is drawn."""
    for theme in (INK, PAPER, FEW_COLOURS):
        app.register_theme(theme)
    app.set_reactive(App.theme, (FEW_COLOURS if app.ansi_color else INK).name)
    app.stylesheet.set_variables(app.get_css_variables())
