"""The list of the review, which goes on after a defect."""

from __future__ import annotations

from tui.app.faults import Steadfast
from tui.reviewing.choices import ChoiceList


class Choices(Steadfast, ChoiceList):
    """A list of the app."""
