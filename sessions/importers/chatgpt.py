"""ChatGPT's export: ``conversations.json``, each conversation a tree of messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sessions.importers.chain import name_of, title_of
from sessions.importers.chatgptmessage import ReadMessage, read_message
from sessions.importers.identity import derived_id, digest_of, moment
from sessions.importers.jsontext import Document, documents
from sessions.importers.values import Found, ImportedSession, Problem, Source, joined, too_large
from sessions.turns import Turn

FORM = "chatgpt"

_Nodes: TypeAlias = dict[str, dict[str, Any]]
_Parents: TypeAlias = "dict[str, str | None]"


def is_conversation(value: object) -> bool:
    """Whether a JSON value is a conversation of ChatGPT."""
    return isinstance(value, dict) and isinstance(value.get("mapping"), dict)


def read(source: Source) -> Iterator[Found]:
    """The conversations of an export."""
    data = source.data()
    if data is None:
        yield too_large()
        return
    for found in documents(data, "conversation"):
        if isinstance(found, Problem):
            yield found
        else:
            yield from _conversation(source, found)


def _conversation(source: Source, found: Document) -> Iterator[Found]:
    place = "" if found.number is None else f"conversation {found.number}"
    value = found.value
    if not isinstance(value, dict) or not is_conversation(value):
        yield Problem(place, "it has no messages")
        return
    nodes: _Nodes = {}
    parents: _Parents = {}
    yield from _take_nodes(nodes, parents, value["mapping"], place)
    order = _in_order(nodes, parents)
    if len(order) < len(nodes):
        left = len(nodes) - len(order)
        yield Problem(place, f"{left} nodes that follow each other in a circle are left out")
    told = moment(value.get("create_time"))
    key = name_of(value.get("conversation_id")) or name_of(value.get("id")) or digest_of(*nodes)
    tree = _Tree(key, told or source.modified)
    for name in order:
        yield from tree.take(name, parents[name], nodes[name].get("message"), place)
    if not tree.turns:
        yield Problem(place, "nothing in it can be read")
        return
    yield ImportedSession(
        derived_id(tree.created, FORM, key),
        tree.created,
        tuple(tree.turns),
        title=title_of(value.get("title")),
        head=tree.turn_at(value.get("current_node")) or tree.turns[-1].id,
        undated=told is None,
    )


def _take_nodes(
    nodes: _Nodes, parents: _Parents, mapping: dict[str, object], place: str
) -> Iterator[Problem]:
    """The nodes that are nodes, and what each follows."""
    for name, node in mapping.items():
        if isinstance(node, dict):
            nodes[name] = node
        else:
            yield Problem(_node_place(place, name), "it is not an object")
    for name, node in nodes.items():
        parent = node.get("parent")
        parents[name] = parent if isinstance(parent, str) and parent in nodes else None
        if parents[name] is None and parent is not None:
            yield Problem(_node_place(place, name), "what it follows is missing")


def _in_order(nodes: _Nodes, parents: _Parents) -> list[str]:
    """The nodes, each after what it follows, and siblings as that one has them."""
    children: dict[str | None, list[str]] = {}
    for name, parent in parents.items():
        children.setdefault(parent, []).append(name)
    for parent, names in children.items():
        if parent is not None and len(names) > 1:
            places = _places(nodes[parent].get("children"))
            names.sort(key=lambda name, at=places: at.get(name, len(at)))  # type: ignore[misc]
    order: list[str] = []
    waiting = children.get(None, [])[::-1]
    while waiting:
        name = waiting.pop()
        order.append(name)
        waiting += children.get(name, [])[::-1]
    return order


def _places(children: object) -> dict[str, int]:
    names = children if isinstance(children, list) else []
    return {name: place for place, name in enumerate(names) if isinstance(name, str)}


def _node_place(place: str, name: str) -> str:
    return joined(place, f"node {name[:60]}")


@dataclass(slots=True)
class _Tree:
    """The turns of a conversation, made of its nodes one after another."""

    key: str
    created: datetime
    turns: list[Turn] = field(default_factory=list)
    _nearest: dict[str, Turn | None] = field(default_factory=dict)
    """The turn at each node, or the nearest one before it."""
    _thoughts: dict[str, list[str]] = field(default_factory=dict)
    """What has been thought since that turn, one list for all nodes on the way."""

    def turn_at(self, node: object) -> str | None:
        """The id of the turn at a node, or of the nearest one before it."""
        turn = self._nearest.get(node) if isinstance(node, str) else None
        return turn.id if turn else None

    def take(self, name: str, parent: str | None, message: object, place: str) -> Iterator[Problem]:
        """Makes a turn of a node; where it is none, what follows it follows the node before."""
        self._nearest[name] = None if parent is None else self._nearest[parent]
        self._thoughts[name] = [] if parent is None else self._thoughts[parent]
        if message is None:
            return
        read = read_message(message)
        yield from (Problem(_node_place(place, name), problem) for problem in read.problems)
        if read.thoughts:
            self._thoughts[name].append(read.thoughts)
        if read.text:
            turn = self._turn(name, read, self._nearest[name])
            self.turns.append(turn)
            self._nearest[name] = turn
            self._thoughts[name] = []

    def _turn(self, name: str, read: ReadMessage, before: Turn | None) -> Turn:
        time = read.time or (before.time if before else self.created)
        thoughts: list[str] = []
        if read.role == "assistant":
            # Each thought belongs to one answer.
            thoughts, self._thoughts[name][:] = self._thoughts[name][:], []
        return Turn(
            derived_id(time, FORM, self.key, name),
            before.id if before else None,
            read.role,
            read.text,
            time,
            status=read.status,
            model=read.model,
            reasoning="\n\n".join(thoughts),
        )
