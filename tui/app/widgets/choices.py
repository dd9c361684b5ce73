"""The lists of the app, which go on after a defect."""

from __future__ import annotations

from tui.app.faults import Steadfast
from tui.widgets.choice_list import ChoiceList


class Choices(Steadfast, ChoiceList):
    """A list of the app."""
