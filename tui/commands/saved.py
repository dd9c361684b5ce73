"""Commands about sessions: beginning, finding, opening, naming and exporting them."""

from __future__ import annotations

from collections.abc import Iterator

from sessions import MATCH_END, MATCH_START, Search, Turn
from sessions.export import FORMATS
from tui.commands.command import Command, Suggestion
from tui.commands.completing import file_names, names, path_of
from tui.commands.reading import without_force, words_of
from tui.errors import UsageProblem
from tui.export_findings import findings_told, format_of
from tui.private_file import refuse_taken, write_private
from tui.tables import age
from tui.talk import Talk

_MOST = 20
"""Sessions or turns that are listed."""


def _new(talk: Talk, _argument: str) -> None:
    talk.begin_session()
    talk.say("a new session")


def _sessions(talk: Talk, _argument: str) -> None:
    store = talk.runtime.sessions()
    found = store.list(_MOST)
    here = talk.conversation.log.session.id
    for each in found:
        mark = "  (here)" if each.id == here else ""
        talk.say(f"{each.id}  {each.title}  {age(each.updated)}{mark}")
    if not found:
        talk.say("nothing is saved yet")
    elif (more := store.count() - len(found)) > 0:
        talk.say(f"{more:,} older ones: /search WORDS, or `chat sessions list --limit 0`")


def _search(talk: Talk, argument: str) -> None:
    try:
        hits = talk.runtime.sessions().search(Search(argument, limit=_MOST))
    except ValueError as error:
        raise UsageProblem(f"/search takes words: {error}") from error
    for hit in hits:
        snippet = hit.snippet.replace(MATCH_START, "[").replace(MATCH_END, "]")
        talk.say(f"{hit.session}  {hit.title}  {hit.role}: {' '.join(snippet.split())}")
    talk.say("/open ID opens one of them" if hits else "no turn contains all of these words")


def _open(talk: Talk, argument: str) -> None:
    if not argument:
        raise UsageProblem("/open takes the id or the title of a session; /sessions lists them")
    talk.open_session(argument)
    for line in where_it_stands(talk):
        talk.say(line)


def where_it_stands(talk: Talk) -> list[str]:
    """The title of the session in use and its last question and answer, in a few short lines."""
    session = talk.conversation.log.session
    last = session.path(last=2)
    said = [f"{_WHO[turn.role]} {_short(_words_of(turn))}" for turn in last if turn.role in _WHO]
    return [f"{session.display_title} ({_turns(sum(1 for _ in session.visible()))})", *said]


_WHO = {"user": "›", "assistant": " "}
_LONGEST = 200
"""Characters of a turn."""


def _words_of(turn: Turn) -> str:
    """What was said; of a question that texts went along with their names, and what is before."""
    if not turn.attachments:
        return turn.content
    # The line above a text is the beginning of its fence.
    before = turn.content[: turn.attachments[0].start].rstrip("\n").rpartition("\n")[0]
    names = ", ".join(part.name or "piped text" for part in turn.attachments)
    return f"{before.strip()} [{names}]".strip()


def _short(content: str) -> str:
    words = " ".join(content.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rpartition(' ')[0]} …"


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"


def _titles(talk: Talk, argument: str) -> Iterator[Suggestion]:
    found = talk.runtime.sessions().list(50)
    yield from names(argument, {each.title: age(each.updated) for each in found})
    if len(argument) >= 4:
        yield from names(argument, {each.id: each.title for each in found})


def _title(talk: Talk, argument: str) -> None:
    if argument:
        talk.conversation.marks.set_title(argument)
    talk.say(talk.conversation.log.session.display_title)


def _retitle(talk: Talk, _argument: str) -> None:
    talk.show(talk.conversation.retitle())
    talk.say(talk.conversation.log.session.display_title)


def _export(talk: Talk, argument: str) -> None:
    typed, force = without_force(words_of(argument, "export"))
    name = typed.pop(0) if typed and typed[0] in FORMATS else None
    if len(typed) > 1:
        raise UsageProblem(f"/export takes one of {', '.join(FORMATS)}, and the name of a file")
    path = path_of(typed[0]) if typed else None
    form = FORMATS[name or format_of(path, "/export FORMAT PATH names it")]
    if path is None and not form.is_readable:
        raise UsageProblem(f"{name} needs a file: /export {name} PATH")
    if path is not None:
        refuse_taken(path, force=force)
    session = talk.conversation.log.session
    text = form.make(session, None)
    if path is None:
        talk.say(text.rstrip("\n"))
        return
    write_private(path, text.encode(), force=force)
    for line in findings_told(session, None, form):
        talk.say(line)
    talk.say(f"{path} is written")


def _formats(_talk: Talk, argument: str) -> Iterator[Suggestion]:
    if " " not in argument:
        yield from map(Suggestion, FORMATS)
    yield from file_names(argument.rpartition(" ")[2])


SESSION_COMMANDS = (
    Command("new", "", "begin a new session", _new, None, "Sessions", "/new"),
    Command("sessions", "", "list the newest sessions", _sessions, None, "Sessions", "/sessions"),
    Command(
        "search",
        "WORDS",
        "find these words in the turns of all sessions",
        _search,
        None,
        "Sessions",
        "/search whale light*",
    ),
    Command(
        "open",
        "ID|TITLE",
        "open another session",
        _open,
        _titles,
        "Sessions",
        "/open The Last Lamp",
    ),
    Command(
        "title",
        "[TEXT]",
        "show the session's title, or set it",
        _title,
        None,
        "Sessions",
        "/title The Last Lamp",
    ),
    Command(
        "retitle",
        "",
        "let the model choose a new title",
        _retitle,
        None,
        "Sessions",
        "/retitle",
    ),
    Command(
        "export",
        "[FORMAT] [--force] [PATH]",
        "show this session in another format, or write it to a file",
        _export,
        _formats,
        "Sessions",
        "/export html tale.html",
    ),
)
