"""How much of a prompt has been read already: the longest beginning that two token lists share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_LONGEST_DETOUR = 64
"""Bytes of a text over which two ways to spell it in tokens may differ before they are given up."""


def shared_tokens(ours: Sequence[int], theirs: Sequence[int]) -> int:
    """How many tokens two lists have in common from the start."""
    shared = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return shared
        shared += 1
    return shared


def agreement(
    cached: Sequence[int], prompt: Sequence[int], bytes_of: Callable[[int], bytes]
) -> tuple[int, int]:
    """How far the cached tokens and the prompt say the same: so many of the one, of the other.

    A model does not always write a text with the tokens that a tokenizer would choose for it, and
    the cache holds what it wrote. Where both spell the same bytes, they agree. Control tokens have
    no bytes and agree only with themselves.
    """
    at = other = shared_tokens(cached, prompt)
    while at < len(cached) and other < len(prompt):
        detour = _detour(cached, at, prompt, other, bytes_of)
        if detour is None:
            return at, other
        at, other = detour
        more = shared_tokens(cached[at:], prompt[other:])
        at, other = at + more, other + more
    return at, other


def _detour(
    cached: Sequence[int],
    at: int,
    prompt: Sequence[int],
    other: int,
    bytes_of: Callable[[int], bytes],
) -> tuple[int, int] | None:
    """The next place where both have spelled the same bytes, after the tokens parted."""
    ours = theirs = b""
    while len(ours) < _LONGEST_DETOUR:
        behind = len(ours) <= len(theirs)
        if (at if behind else other) >= len(cached if behind else prompt):
            return None
        more = bytes_of(cached[at] if behind else prompt[other])
        if not more:
            return None
        if behind:
            ours, at = ours + more, at + 1
        else:
            theirs, other = theirs + more, other + 1
        common = min(len(ours), len(theirs))
        if ours[:common] != theirs[:common]:
            return None
        if len(ours) == len(theirs):
            return at, other
    return None
