"""Reads a session as docs/session-format.md says and in no other way: nothing of ours is used."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

LINE = re.compile(rb'\{"crc":"([0-9a-f]{8})","r":(\{.*\})\}', re.DOTALL)
SUMMARY = "Summary of the conversation so far:"


class Reader:
    """A session's tree, marks, head and messages."""

    def __init__(self, path: Path) -> None:
        self.files = path.with_suffix(".files")
        self.turns: dict[str, dict[str, Any]] = {}
        self.branches: dict[str, str] = {}
        self.ratings: dict[str, int] = {}
        self.reviews: dict[str, list[dict[str, Any]]] = {}
        self.head: str | None = None
        self.redo: list[str] = []
        self.deleted: set[str] = set()
        self.title, self.is_own, self.damaged = "", False, 0
        for line in filter(None, path.read_bytes().split(b"\n")):
            if not self.take(line):
                self.damaged += 1
                for piece in line.split(b'{"crc":"')[1:]:
                    self.take(b'{"crc":"' + piece)

    def take(self, line: bytes) -> bool:
        found = LINE.fullmatch(line)
        if not found or zlib.crc32(found[2]) != int(found[1], 16):
            return False
        record = json.loads(found[2])
        kind, turn = record["type"], record.get("turn")
        if kind in ("turn", "partial"):
            self.take_turn(record)
        elif kind == "title" and not (record.get("by") == "model" and self.is_own):
            self.title = record["title"]
            self.is_own = record.get("by") != "model" and self.title != ""
        elif kind == "branch" and record.get("leaf") is None:
            self.branches.pop(record["name"], None)
        elif kind == "branch" and record["leaf"] in self.turns:
            self.branches[record["name"]] = record["leaf"]
        elif turn in self.turns or (kind == "undo" and turn is None):
            self.take_mark(kind, turn, record)
        return True

    def take_turn(self, record: dict[str, Any]) -> None:
        known = self.turns.get(record["id"])
        if known is None or known["type"] == "partial":
            self.turns.pop(record["id"], None)
            self.turns[record["id"]] = record
            self.head, self.redo = record["id"], []

    def take_mark(self, kind: str, turn: Any, record: dict[str, Any]) -> None:
        if kind == "head":
            self.head, self.redo = turn, []
        elif kind == "undo":
            self.redo += [self.head] if self.head else []
            self.head = turn
        elif kind == "redo" and turn in self.redo:
            self.redo = self.redo[: len(self.redo) - 1 - self.redo[::-1].index(turn)]
            self.head = turn
        elif kind == "delete":
            self.deleted.add(turn)
            self.redo = [each for each in self.redo if not self.is_hidden(each)]
            while self.head is not None and self.is_hidden(self.head):
                self.head = self.parent(self.head)
        elif kind == "restore":
            self.deleted.discard(turn)
        elif kind == "rating":
            self.ratings[turn] = record["rating"]
        elif kind == "review":
            self.reviews[turn] = record["changes"]

    def parent(self, turn: str) -> str | None:
        before = self.turns[turn].get("parent")
        return before if before in self.turns else None

    def path(self, turn: str | None) -> list[str]:
        path: list[str] = []
        while turn is not None:
            path.insert(0, turn)
            turn = self.parent(turn)
        return path

    def is_hidden(self, turn: str) -> bool:
        return not self.deleted.isdisjoint(self.path(turn))

    def children(self, turn: str | None) -> list[str]:
        return [one for one in self.turns if self.parent(one) == turn and not self.is_hidden(one)]

    def content(self, turn: str) -> str:
        text, record = "", self.turns[turn]
        at = 0
        for part in record.get("attachments") or ():
            text += record["content"][at : part["at"]]
            text += self.attachment(part)
            at = part["at"]
        return text + str(record["content"][at:])

    def taken(self, turn: str) -> list[tuple[str, str]]:
        """The words of the draft and those that took their place, of each change taken."""
        found = []
        answer, before = self.content(turn), self.parent(turn)
        draft = None if before is None else self.draft(before)
        for change in self.reviews.get(turn, []):
            if draft is not None and change["taken"]:
                old = change.get("old") or [0, len(draft)]
                new = change.get("new") or [0, len(answer)]
                if old[1] <= len(draft) and new[1] <= len(answer):
                    words = change.get("final")
                    words = answer[new[0] : new[1]] if words is None else words
                    found.append((draft[old[0] : old[1]], words))
        return found

    def draft(self, question: str) -> str | None:
        for part in self.turns[question].get("attachments") or ():
            missing = f"[{part.get('name') or 'piped text'} is missing]"
            text = self.attachment(part)
            return None if text == missing else text
        return self.content(question)

    def attachment(self, part: dict[str, Any]) -> str:
        missing = f"[{part.get('name') or 'piped text'} is missing]"
        file = self.files / part["sha256"]
        data = file.read_bytes() if file.is_file() else b""
        is_it = file.is_file() and hashlib.sha256(data).hexdigest() == part["sha256"]
        return data.decode("utf-8", "surrogatepass") if is_it else missing

    def messages(self, leaf: str | None) -> list[tuple[str, str]]:
        path = [self.turns[turn] for turn in self.path(leaf)]
        system = [turn for turn in path if turn["role"] == "system"]
        instruction = [turn for turn in system if not turn.get("summarises")][-1:]
        summary = [turn for turn in system if turn.get("summarises")][-1:]
        texts = [self.content(turn["id"]) for turn in instruction]
        texts = [text for text in texts if text]
        texts += [f"{SUMMARY}\n{self.content(turn['id'])}" for turn in summary]
        first = [("system", "\n\n".join(texts))] if texts else []
        for turn in instruction:
            first += [(each["role"], each["content"]) for each in turn.get("examples") or ()]
        gone = summary[0]["summarises"] if summary else []
        said = [turn for turn in path if turn["role"] != "system" and turn["id"] not in gone]
        spoken = [(turn["role"], self.content(turn["id"])) for turn in said]
        return first + [each for each in spoken if each[0] == "user" or each[1]]
