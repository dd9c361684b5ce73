"""The models screen: what there is, what can be had, and which one answers. Where there is none yet
it is the offer of a first start."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from engine.errors import EngineError
from engine.machine import available_memory
from engine.models.catalogue import catalogue
from engine.models.offers import Offers
from tui.app.background import post_from_thread
from tui.app.downloading import STARTER
from tui.app.errands import use_model
from tui.app.faults import Steadfast
from tui.app.measuring import Bench, Measured, Measuring
from tui.app.messages import Download
from tui.app.missing import MissingEngine
from tui.app.model_chores import (
    AskedFor,
    Told,
    begin_removal,
    carry_out,
    keep_as_default,
    tell_of,
)
from tui.app.overview import Overview
from tui.app.shelf import STARTER_SIZE, Shelf, ShelfRow, take_shelf
from tui.app.widgets.shelf_list import ShelfList, about_of
from tui.config import ConfigError
from tui.errors import TemplateChanged, UsageProblem, explain
from tui.sanitize import sanitize, sanitize_line
from tui.tables import file_size
from tui.widgets.dialogs import ChooseVersion, Confirm, ShowText
from tui.widgets.hints import Hints

_OFFER = f"""\
Enter downloads a model, Escape skips this. The starter ({file_size(STARTER_SIZE)}) only shows \
that everything works; for real work, choose one that fits. A model is a file on this machine, and \
using it sends nothing anywhere."""


_HINTS = (
    *("Enter use", "models.close back", "models.default use by default", "models.about details"),
    *("models.bench measure", "models.remove delete", "models.other another", "models.stop stop"),
)


_TOLD = (EngineError, UsageProblem, TemplateChanged, ConfigError, OSError)
"""What can be wrong with models, and is told; anything else is a defect."""


class ModelsScreen(Steadfast, Screen[None]):
    """Models to use, to download, to measure and to delete."""

    CSS_PATH = "models.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="models.close"),
        Binding("d", "make_default", "use by default", id="models.default"),
        Binding("i", "about", "details", id="models.about"),
        Binding("b", "bench", "measure", id="models.bench"),
        Binding("x,delete", "remove", "delete", id="models.remove"),
        Binding("slash", "other", "another", id="models.other"),
        Binding("s", "stop", "stop", id="models.stop"),
        Binding("r", "look", "refresh", show=False, id="models.look"),
    ]

    @dataclass
    class Taken(Message):
        """There is a list, or a reason why there is none."""

        shelf: Shelf | None
        problem: str = ""

    def __init__(self) -> None:
        super().__init__()
        self._head = Static(id="head")
        self._list = ShelfList()
        self._about = Static(id="about")
        self._other = Input(placeholder="the path of a GGUF file, or hf:user/repository")
        self._news = Static(id="news")
        self._shelf: Shelf | None = None
        self._bench: Bench | None = None

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._head
        yield self._list
        yield self._about
        yield self._other
        yield self._news
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """See `Screen`."""
        self._list.focus()
        self.watch(self.app, "overview", self._show_used, init=False)
        self.watch(self.app, "download", self._show_download, init=False)
        if self.chat_app.download is not None and not self.chat_app.download.end:
            self._show_download(self.chat_app.download)
        self._show_head()
        self.action_look()

    def on_unmount(self) -> None:
        """What is measured is of no use to anybody any more."""
        if self._bench is not None:
            self._bench.stop()

    # What there is.

    def action_look(self) -> None:
        """Look again at what there is."""
        post_from_thread(self, self._take, group="shelf")

    def _take(self) -> Taken:
        app = self.chat_app
        try:
            return self.Taken(take_shelf(app.runtime, app.overview.model))
        except _TOLD as error:
            return self.Taken(None, explain(error)[0])

    @on(Taken)
    def show_shelf(self, message: Taken) -> None:
        """Show what there is."""
        if message.shelf is None:
            self.tell(message.problem)
            return
        self._shelf = message.shelf
        self._list.show(message.shelf, self.chat_app.overview.model)
        self._show_head()
        self._show_about()

    def _show_used(self, overview: Overview) -> None:
        self._show_head()
        if self._shelf is not None:
            self._list.show(self._shelf, overview.model)
            self._show_about()

    def _show_head(self) -> None:
        if self._is_first_start:
            words = (("There is no model yet", "bold $primary"), "\n", _OFFER)
        else:
            free = f"{file_size(self._shelf.memory)} of memory free" if self._shelf else ""
            used = sanitize_line(self.chat_app.overview.model)
            words = (("Models", "bold $primary"), f"  ● {used} answers  {free}", "")
        self._head.update(Content.assemble(*words))

    @property
    def _is_first_start(self) -> bool:
        return self.chat_app.overview.model in ("", MissingEngine.model_name)

    @on(OptionList.OptionHighlighted)
    def _show_about(self) -> None:
        unusable = self._shelf.unusable if self._shelf is not None else ()
        self._about.update(
            Content(about_of(self._list.current, unusable, self.chat_app.overview.model))
        )

    def tell(self, line: str) -> None:
        """Show a line, until there is another."""
        self._news.update(Content(sanitize_line(line)))

    # What is done with them.

    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Use the model that is pointed at, or get it."""
        row = self._list.current
        if row is None:
            return
        if row.kind == "starter":
            self._get(STARTER)
        elif row.kind == "download":
            self._get(row.target)
        else:
            self._use(row.target)

    @on(Input.Submitted)
    def take_other(self, event: Input.Submitted) -> None:
        """Use the file that was named, or get what was."""
        named = event.value.strip()
        if not named:
            return
        is_file = os.path.isfile(os.path.expanduser(named))
        is_address = named.startswith(("hf:", "https://", "http://"))
        if not is_file and (is_address or named.partition(":")[0] in catalogue()):
            self._other.clear()
            self._list.focus()
            self._get(named)
        else:
            self._use(named)

    def _use(self, name: str) -> None:
        self.chat_app.do(use_model(name))
        self.dismiss(None)

    def _get(self, what: str) -> None:
        if self.chat_app.downloader.is_busy:
            self.tell("a download is already running; s stops it")
        else:
            self.chat_app.downloader.begin(what)

    def _show_download(self, download: Download | None) -> None:
        if download is None:
            return
        self.tell(f"{download.what}: {download.line}")
        if download.end == "here":
            self.action_look()
        elif download.end == "choose" and download.offers is not None and self.is_current:
            self._choose_offer(download.offers)

    def _choose_offer(self, offers: Offers) -> None:
        memory = available_memory()
        best = offers.best(memory)
        lines = {}
        for offer in offers.offers:
            fits = "fits" if offer.fits(memory) else "too big"
            mark = "  the best that fits" if offer is best else ""
            label = offers.label(offer)
            line = f"{label:<9} {file_size(offer.size_bytes):>8}  {fits}{mark}"
            lines[line] = f"hf:{offers.repo}:{label}"

        def done(line: str | None) -> None:
            if line is not None:
                self._get(lines[line])

        self.app.push_screen(ChooseVersion(list(lines)), done)

    def action_make_default(self) -> None:
        """Have this model used whenever none is named."""
        if (row := self._of_kind("here", "server")) is not None:
            self._do_in_thread(partial(keep_as_default, self.chat_app.runtime, row.target))

    def action_about(self) -> None:
        """Show everything that the model's files say."""
        if (row := self._of_kind("here", "server")) is not None:
            self.tell(f"reading the details of {row.name}")
            self._do_in_thread(partial(tell_of, self.chat_app.runtime, row.target))

    def action_remove(self) -> None:
        """Delete the model, after asking."""
        if (row := self._of_kind("here", "server")) is not None:
            self._do_in_thread(partial(begin_removal, self.chat_app.runtime, row.target))

    @on(AskedFor)
    def ask_for_removal(self, message: AskedFor) -> None:
        """Have the person agree."""

        def done(is_agreed: bool | None) -> None:
            if is_agreed:
                self._do_in_thread(partial(carry_out, message.removal))
            else:
                self.tell("nothing was deleted")

        self.app.push_screen(Confirm(sanitize_line(message.removal.question)), done)

    def _do_in_thread(self, chore: Callable[[], Told | AskedFor]) -> None:
        def run() -> Told | AskedFor:
            try:
                return chore()
            except _TOLD as error:
                return Told((explain(error)[0],))

        post_from_thread(self, run, group="chores", exclusive=False)

    @on(Told)
    def show_told(self, message: Told) -> None:
        """Show what came of something."""
        if message.is_long:
            self.tell("")
            self.app.push_screen(ShowText(sanitize("\n".join(message.lines))))
        elif message.lines:
            self.tell("; ".join(message.lines))
            self.action_look()

    def _of_kind(self, *kinds: str) -> ShelfRow | None:
        """The model that is pointed at, if it is one of these."""
        row = self._list.current
        if row is None or row.kind not in kinds:
            self.tell("that needs a model on this machine: Enter downloads this one")
            return None
        return row

    def action_bench(self) -> None:
        """Measure how fast the model is here."""
        row = self._of_kind("here", "server")
        if row is None:
            return
        if self.chat_app.activity is not None:
            self.tell(
                "an answer is being written, which would distort the measurement: wait for it"
            )
        elif self._bench is None:
            app = self.chat_app
            self._bench = Bench(app.runtime, row.target, self.post_message, app.fault_log)

    @on(Measuring)
    def show_measuring(self, message: Measuring) -> None:
        """Show what is measured."""
        self.tell(f"measuring  {message.line}  s stops")

    @on(Measured)
    def show_measured(self, message: Measured) -> None:
        """Show the figures."""
        self._bench = None
        self.tell(message.problem)
        if message.rows:
            self.app.push_screen(ShowText(sanitize(_as_table(message.rows))))

    def action_stop(self) -> None:
        """End what goes on."""
        if self._bench is not None:
            self._bench.stop()
        elif self.chat_app.downloader.is_busy:
            self.chat_app.downloader.stop()

    def action_other(self) -> None:
        """Name a model that is not in the list."""
        self._other.focus()

    def action_leave(self) -> None:
        """Leave the line, and then the screen."""
        if self._other.has_focus and not self._is_first_start:
            self._list.focus()
        else:
            self.dismiss(None)


def _as_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of a name and a value, under each other."""
    wide = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:<{wide}}  {'  '.join(row[1:])}" for row in rows)
