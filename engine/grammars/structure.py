"""What the rules of a grammar lead to: whether llama.cpp can follow them, and how much it costs."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator

from engine.errors import GrammarFailed
from engine.grammars.gbnf import TERMINAL, Sequence, Syntax, place_of

ROOT = "root"

_MOST_WAYS = 20_000
"""Ways in which a rule may begin: llama.cpp keeps each, and compares it with all others."""
_MOST_WAYS_TOGETHER = 2_000_000
_LONGEST_WAY = 2_500
"""Rules that lead to each other before anything is written; llama.cpp calls itself for each."""


def check(syntax: Syntax) -> str | None:
    """See that llama.cpp can follow a grammar to its end.

    Returns:
        The reason that llama.cpp will have if it refuses the grammar nevertheless.

    Raises:
        GrammarFailed: If not; with the place.
    """
    _check_names(syntax)
    empty = _leading_to_nothing_but(syntax, terminals=False)
    doubt = _Beginnings(syntax, empty).check()
    ending = _leading_to_nothing_but(syntax, terminals=True)
    for rule, found in enumerate(syntax.rules):
        if rule not in ending and found.name == ROOT:
            syntax.fail(f"the rule {ROOT!r} never ends", found.place)
    return doubt


def _check_names(syntax: Syntax) -> None:
    names = [rule.name for rule in syntax.rules if rule.name and rule.alternates is not None]
    for rule in syntax.rules:
        if rule.alternates is None:
            nearest = difflib.get_close_matches(rule.name or "", names, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            syntax.fail(f"there is no rule {rule.name!r}{hint}", rule.place)
    if ROOT not in names:
        raise GrammarFailed(f"the grammar has no rule {ROOT!r} to start with")


def _alternates(syntax: Syntax, rule: int) -> list[Sequence]:
    return syntax.rules[rule].alternates or []


def _leading_to_nothing_but(syntax: Syntax, *, terminals: bool) -> set[int]:
    """The rules that can be followed to an end.

    Args:
        syntax: Whose rules.
        terminals: Whether characters may be written on the way; without, what is found are the
            rules that may be empty.
    """
    waiting: dict[int, list[list[int]]] = defaultdict(list)
    """By rule: the sequences that need it, each as [rule it belongs to, how many it needs]."""
    found: set[int] = set()
    todo: list[int] = []
    for rule in range(len(syntax.rules)):
        for sequence in _alternates(syntax, rule):
            needed = {item.rule for item in sequence if item.rule != TERMINAL}
            if not terminals and any(item.rule == TERMINAL for item in sequence):
                continue
            sequence_state = [rule, len(needed)]
            for other in needed:
                waiting[other].append(sequence_state)
            if not needed:
                todo.append(rule)
    while todo:
        rule = todo.pop()
        if rule in found:
            continue
        found.add(rule)
        for state in waiting[rule]:
            state[1] -= 1
            if state[1] == 0:
                todo.append(state[0])
    return found


class _Beginnings:
    """In how many ways a rule may begin, through the rules that may stand first in it.

    Rules that lead to each other in a circle are left recursion, which llama.cpp cannot follow:
    with each round there is more to come after it. Where nothing comes after it, as in
    ``(a? b?)*``, rounds that write nothing come to nothing, and llama.cpp sees through most.
    """

    def __init__(self, syntax: Syntax, empty: set[int]) -> None:
        self._syntax = syntax
        self._leading = [list(_leading(syntax, rule, empty)) for rule in range(len(syntax.rules))]
        """By rule: those it may begin with, as often as there are ways to, and whether something
        comes after them."""

    def check(self) -> str | None:
        """Refuse what cannot be followed; returns why llama.cpp may refuse it all the same."""
        doubt = None
        ways: dict[int, int] = {}
        depth: dict[int, int] = {}
        for circle in _circles([[rule for rule, _ in found] for found in self._leading]):
            if self._is_recursive(circle):
                doubt = f"{self._place(min(circle))}: what is repeated here may be empty"
            self._count(circle, ways, depth)
        if sum(ways.values()) > _MOST_WAYS_TOGETHER:
            raise GrammarFailed("the grammar has too many possible continuations")
        return doubt

    def _is_recursive(self, circle: list[int]) -> bool:
        inside = set(circle)
        edges = [(rule, *edge) for rule in circle for edge in self._leading[rule]]
        back = [(rule, is_last) for rule, other, is_last in edges if other in inside]
        for rule, is_last in back:
            if not is_last:
                named = [one for one in circle if self._syntax.rules[one].name]
                found = self._syntax.rules[min(named, default=rule)]
                what = f"the rule {found.name!r}" if found.name else "what stands here"
                reason = f"{what} can begin with itself, which llama.cpp cannot follow"
                self._syntax.fail(reason, found.place)
        return bool(back)

    def _count(self, circle: list[int], ways: dict[int, int], depth: dict[int, int]) -> None:
        inside = set(circle)
        outside = [
            other for rule in circle for other, _ in self._leading[rule] if other not in inside
        ]
        begun = sum(len(_alternates(self._syntax, rule)) for rule in circle)
        begun += sum(ways[other] for other in outside)
        longest = len(circle) + max((depth[other] for other in outside), default=0)
        for rule in circle:
            ways[rule], depth[rule] = begun, longest
        if begun > _MOST_WAYS or longest > _LONGEST_WAY:
            place = self._syntax.rules[min(circle)].place
            self._syntax.fail("from here there are too many possible continuations", place)

    def _place(self, rule: int) -> str:
        return place_of(self._syntax.text, self._syntax.rules[rule].place)


def _leading(syntax: Syntax, rule: int, empty: set[int]) -> Iterator[tuple[int, bool]]:
    for sequence in _alternates(syntax, rule):
        for place, item in enumerate(sequence):
            if item.rule == TERMINAL:
                break
            yield item.rule, place == len(sequence) - 1
            if item.rule not in empty:
                break


def _circles(edges: list[list[int]]) -> Iterator[list[int]]:
    """Groups of nodes that lead to each other, most of them single; a group comes after those that
    it leads to.

    Tarjan's algorithm, without recursion: a chain of rules may be long.
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for start in range(len(edges)):
        path = [(start, iter(edges[start]))] if start not in order else []
        while path:
            node, others = path[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                stack.append(node)
                on_stack.add(node)
            for other in others:
                if other not in order:
                    path.append((other, iter(edges[other])))
                    break
                if other in on_stack:
                    lowest[node] = min(lowest[node], order[other])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    circle = [stack.pop()]
                    while circle[-1] != node:
                        circle.append(stack.pop())
                    on_stack.difference_update(circle)
                    yield circle
