"""How long it takes to find what changed in a text, by its length and by how much of it changed.

A draft opens for review once its hunks are known: the goals are 100 ms for 5,000 words and a second
for 60,000. Run it on an idle machine:

    python benchmarks/hunks.py --rounds 5
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Mapping

from drafts import hunks

_SIZES = (250, 5_000, 60_000)

_LETTERS = "etaoinshrdlucmwfgypbvk"


def main() -> None:
    """Measure and print, a line for each kind of change."""
    parser = argparse.ArgumentParser(description="Measure how long hunks take.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'ms, best of ' + str(rounds):28}" + "".join(f"{size:>10,} words" for size in _SIZES))
    for name in _REVISIONS:
        measured = (_measured(name, size, rounds) for size in _SIZES)
        print(f"{name:28}" + "".join(measured), flush=True)


def _measured(name: str, size: int, rounds: int) -> str:
    chance = random.Random(size)
    old = prose(size, chance)
    if name.startswith("one sentence"):
        old = old.replace(".", "").replace("\n\n", " ")
    new = _REVISIONS[name](old, chance)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = hunks(old, new)
        times.append(time.perf_counter() - start)
    return f"{min(times) * 1000:9.1f}{len(found):7,}"


def prose(size: int, chance: random.Random) -> str:
    """Sentences and paragraphs of made-up words, some of them as frequent as in a language."""
    vocabulary = ["".join(chance.choices(_LETTERS, k=chance.randint(2, 9))) for _ in range(8_000)]
    weights = [1 / place for place in range(1, len(vocabulary) + 1)]
    drawn = iter(chance.choices(vocabulary, weights, k=size))
    paragraphs: list[str] = []
    while size > 0:
        lengths = [min(size, chance.randint(4, 28)) for _ in range(chance.randint(2, 8))]
        sentences = [" ".join(next(drawn, "") for _ in range(length)) for length in lengths]
        paragraphs.append(" ".join(f"{words.strip().capitalize()}." for words in sentences))
        size -= sum(lengths)
    return "\n\n".join(paragraphs) + "\n"


def _one_word(text: str, chance: random.Random) -> str:
    place = text.index(" ", len(text) // 2)
    return f"{text[:place]} suddenly{text[place:]}"


def _words(share: float) -> Callable[[str, random.Random], str]:
    def revise(text: str, chance: random.Random) -> str:
        return re.sub(r"\w+", lambda word: word[0] + "x" * (chance.random() < share), text)

    return revise


def _quotes(text: str, chance: random.Random) -> str:
    return text.replace(". ", ".  ").replace(" a", " ‘a’")


def _shuffled(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    chance.shuffle(words)
    return " ".join(words)


def _other(text: str, chance: random.Random) -> str:
    return prose(len(text.split()), chance)


def _moved(text: str, chance: random.Random) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(chance.sample(paragraphs, len(paragraphs)))


_REVISIONS: Mapping[str, Callable[[str, random.Random], str]] = {
    "nothing": lambda text, _: text,
    "one word": _one_word,
    "1 word in 50": _words(0.02),
    "1 word in 5": _words(0.2),
    "blanks and quotes": _quotes,
    "paragraphs in another order": _moved,
    "words in another order": _shuffled,
    "all other sentences": _other,
    "one sentence, 1 word in 5": _words(0.2),
    "one sentence, words shuffled": _shuffled,
}


if __name__ == "__main__":
    main()
