"""Asks where a picture of the conversation goes, and has it taken."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.color_triplet import ColorTriplet
from rich.terminal_theme import TerminalTheme
from textual.color import Color

from tui.app.picture import Colours, refuse_suffix, save_picture
from tui.errors import UsageProblem, explain
from tui.private_file import refuse_taken
from tui.sanitize import sanitize_line
from tui.widgets.dialogs import AskLine, Confirm

if TYPE_CHECKING:
    from tui.app.app import ChatApp


def ask_for_picture(app: ChatApp) -> None:
    """Have a picture taken, if the person names a file for it."""
    question = "A file for the picture of the conversation, .svg or .html"
    app.push_screen(AskLine(question), partial(_take, app))


def _take(app: ChatApp, typed: str | None) -> None:
    if not typed or not typed.strip():
        return
    path = Path(typed.strip()).expanduser()
    try:
        refuse_suffix(path)
        refuse_taken(path, force=True)
    except UsageProblem as error:
        app.tell([explain(error)[0]], is_warning=True)
        return
    if not os.path.lexists(path):
        app.do(save_picture(path, colours_of(app), force=False))
        return

    def replace(is_agreed: bool | None) -> None:
        if is_agreed:
            app.do(save_picture(path, colours_of(app), force=True))

    app.push_screen(Confirm(sanitize_line(f"{path} already exists. Replace it?")), replace)


def colours_of(app: ChatApp) -> Colours:
    """Those of the theme in use; of a theme that leaves them to the terminal the usual ones."""
    theme, usual = app.current_theme, app.ansi_theme
    variables = app.get_css_variables()

    def colour(name: str, instead: tuple[int, int, int]) -> tuple[int, int, int]:
        found = Color.parse(variables[name])
        return instead if found.ansi is not None else found.rgb

    background = colour("background", usual.background_color)
    foreground = colour("foreground", usual.foreground_color)
    sixteen = [_three(usual.ansi_colors[number]) for number in range(16)]
    halfway = Color(*background).blend(Color(*foreground), 0.6)
    return Colours(
        terminal=TerminalTheme(background, foreground, sixteen[:8], sixteen[8:]),
        accent=Color(*colour("primary", foreground)).hex,
        muted=halfway.hex,
        code="monokai" if theme.dark else "default",
    )


def _three(colour: ColorTriplet) -> tuple[int, int, int]:
    return colour.red, colour.green, colour.blue
