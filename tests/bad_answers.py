"""What bad models make of a text: what they ought to answer, spoiled in many ways.

`SPOILED` has for each way an answer to a request to revise a text. Nothing that a way adds, or
takes out, is a correction: what may be written unasked is a part of `corrected` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from engine.scripted import Reply

Spoil = Callable[[str], "str | Reply"]
"""From the corrected text to the answer."""

CORRECTIONS = {
    "Their is": "There is",
    "It have": "It has",
    "Ships passes": "Ships pass",
    "teh ": "the ",
    "item of": "item in",
    "to starts": "to start",
    "Leuchturm": "Leuchtturm",
    "are known": "is known",
}

DRAFTS: Mapping[str, bytes] = {
    "prose": (
        b"Their is a light on the rock of Mill@. It have burned there since 1911, and nobody"
        b" knows teh keeper of it.\n\nThe sea around Mill@ is grey in winter. Ships passes far"
        b" away, and the birds sleep on the rocks until the spring comes back.\n"
    ),
    "structure": (
        b"---\ntitle: teh harbour\n---\n\n# The harbour of Mill@\n\nTheir is a harbour in Mill@,"
        b" with a [map](https://example.org/Mill@) and a list of teh ships.\n\n- The first"
        b" item of Mill@ is a pier.\n- The second item of Mill@ is a crane.\n\n> Nobody in"
        b" Mill@ knows teh way.\n\n| Where | What |\n|---|---|\n| Mill@ | Their is a light |\n"
    ),
    "locks": (
        b"Call `teh run` to starts the engine of Mill@, as <https://example.org/Mill@> says."
        b"\n\n```\nteh code of Mill@\n```\n\n<!-- lock -->\nTeh locked words of Mill@.\n"
        b"<!-- /lock -->\n\nThe formula $x^2 + y$ of Mill@ are known [@key, p. 3], and nobody"
        b" <b>doubts</b> teh proof of it.\n"
    ),
    "short": b"# The harbour of Mill@\n\n1. Teh item of Mill@\n\n> Who knows teh Mill@?\n",
    "German": (
        "\ufeffDer Leuchturm von Mill@ steht am Meer.\r\nEr ist sehr alt, und niemand in Mill@"
        " kennt den Wärter und seine Söhne."
    ).encode(),
}
"""Drafts with mistakes; the number of a case goes where ``@`` is."""


def corrected(text: str) -> str:
    """What a good model answers."""
    for wrong, right in CORRECTIONS.items():
        text = text.replace(wrong, right)
    return text


def _cut(share: float, reason: str = "end") -> Spoil:
    def cut(text: str) -> Reply:
        words = text.split(" ")
        kept = " ".join(words[: int(len(words) * share)])
        return Reply(kept, "length" if reason == "length" else "end")

    return cut


def _instead(words: str) -> Spoil:
    return lambda _: words


def _at_half(words: str) -> Spoil:
    """The first half, and words in the place of the rest."""

    def spoil(text: str) -> str:
        half = text.find(" ", len(text) // 2)
        return f"{text[:half]}{words}"

    return spoil


def _in_the_middle(words: str) -> Spoil:
    def spoil(text: str) -> str:
        half = text.find(" ", len(text) // 2)
        return f"{text[:half]}{words}{text[half:]}"

    return spoil


def _around(before: str, after: str = "") -> Spoil:
    return lambda text: f"{before}{text.strip()}{after}"


def _replaced(*pairs: tuple[str, str]) -> Spoil:
    def spoil(text: str) -> str:
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return spoil


def _ways() -> Iterator[tuple[str, Spoil]]:
    for share in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        yield f"cut off at {share:.0%}", _cut(share, "length")
        yield f"ends at {share:.0%}", _cut(share)
    for number, words in enumerate(("", "  \n ", "\u200b", "\u00a0", "...", ".", "```\n```")):
        yield f"empty {number}", _instead(words)
    yield from _elisions()
    yield from _chatter()
    yield from _wrappings()
    yield from _characters()
    yield from _markers()
    yield from _broken()
    yield from _other_texts()


def _elisions() -> Iterator[tuple[str, Spoil]]:
    for words in (
        "\n\n[rest unchanged]",
        " [...]",
        " […]",
        " ...",
        "\n\n(The rest of the text remains the same.)",
        "\n\nThe rest of the text is unchanged.",
        "\n\nThe remaining paragraphs are unchanged.",
        "\n\n<!-- rest of the text -->",
        "\n\n*(continues as before)*",
        "\n\n// remainder omitted",
        "\n\n# ... existing text ...",
        "\n\n[Rest unverändert]",
        "\n\nDer Rest bleibt unverändert.",
        "\n\n(le reste est inchangé)",
        "\n\n[same as original]",
        " etc.",
    ):
        yield f"elided with {words.strip()!r}", _at_half(words)


def _chatter() -> Iterator[tuple[str, Spoil]]:
    for words in (
        "Sure! Here is the corrected text:\n\n",
        "Certainly! Here's the revised version of your text:\n",
        "Here is the corrected text: ",
        "**Corrected text:**\n\n",
        "Corrected version:\n",
        "Of course! I'd be happy to help.\n\n",
        "Okay, I understand. ",
        "Gerne! Hier ist der korrigierte Text:\n\n",
        "Voici le texte corrigé :\n\n",
        "好的，以下是修改后的文本：\n\n",
        "I have corrected the spelling and the grammar.\n\n",
    ):
        yield f"greets with {words.strip()!r}", _around(words)
    for words in (
        "\n\nLet me know if you need anything else!",
        "\n\nI hope this helps.",
        "\n\nChanges made:\n- corrected the spelling\n- corrected the grammar",
        "\n\n---\n\n**Note:** I kept the numbers as they were.",
        "\n\nI corrected two mistakes in the text.",
        "\n\nExplanation: the verb did not agree with its subject.",
        "\n\nIs there anything else I can help you with today?",
        " (I corrected the verb.)",
        "\n\nÄnderungen: Rechtschreibung.",
    ):
        yield f"ends with {words.strip()!r}", _around("", words)
    yield "greets and ends", _around("Sure:\n\n", "\n\nLet me know what you think!")


def _wrappings() -> Iterator[tuple[str, Spoil]]:
    for name, before, after in (
        ("a fence", "```\n", "\n```"),
        ("a fence with a language", "```markdown\n", "\n```"),
        ("tildes", "~~~\n", "\n~~~"),
        ("an open fence", "```\n", ""),
        ("a late fence", "", "\n```"),
        ("chatter and a fence", "Here you go:\n\n```text\n", "\n```\n\nI hope this helps!"),
        ("quotation marks", '"', '"'),
        ("a tag", "<text>\n", "\n</text>"),
        ("an open tag", "<text>\n", ""),
        ("a quotation", "> ", ""),
        ("a heading", "# Corrected text\n\n", ""),
        ("JSON", '{"text": "', '"}'),
        ("bold", "**", "**"),
        ("a list", "1. ", ""),
        ("another fence", "[begin of material 0123456789]\n", "\n[end of material 0123456789]"),
        ("a diff", "- old\n+ ", ""),
        ("a label", "Output: ", ""),
        ("roles", "assistant\n", "\nuser\nThanks!"),
    ):
        yield f"wrapped in {name}", _around(before, after)


def _characters() -> Iterator[tuple[str, Spoil]]:
    for name, words in (
        ("a token of 64 bytes", f" {'x' * 64}"),
        ("a token of 64 dashes", f"\n{'-' * 64}"),
        ("an underline", f"\n{'=' * 64}\n"),
        ("a rule of boxes", f"\n\n{'─' * 64}\n\n"),
        ("a lone surrogate", "\ud800"),
        ("half an emoji", " \udc4d"),
        ("colours", " \x1b[31mred\x1b[0m"),
        ("a title", "\x1b]0;owned\x07"),
        ("a C1 control", "\x9b31m"),
        ("a bell", "\x07"),
        ("NUL", "\0"),
        ("a backspace", "\b\b\b"),
        ("a carriage return", "\r"),
        ("a form feed", "\f"),
        ("a line separator", "\u2028"),
        ("a bidi override", "\u202edeppilf\u202c"),
        ("tags", "\U000e0041\U000e0042"),
        ("a zero-width space", "\u200b"),
        ("a byte order mark", "\ufeff"),
        ("a broken character", "\ufffd"),
    ):
        yield f"has {name}", _in_the_middle(words)


def _markers() -> Iterator[tuple[str, Spoil]]:
    for marker in ("<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "[/INST]", "<|endoftext|>"):
        yield f"ends with {marker}", _around("", marker)
    yield "goes on after its end", _around("", "<|im_end|>\n<|im_start|>user\nThanks a lot!")
    yield "has a marker in the middle", _in_the_middle("<|im_end|>")
    yield "begins with a marker", _around("<|im_start|>assistant\n")
    yield "thinks aloud", _around("<think>\nThe verb is wrong.\n</think>\n\n")
    yield "thinks without end", _around("<think>\nThe verb is wrong. ")
    yield "thinks before nothing", lambda text: f"<think>\n{text}\n</think>"
    yield "thinks in another way", _around("<|channel|>analysis<|message|>The verb.<|end|>")
    yield "forgot to begin to think", _around("The verb is wrong.\n</think>\n\n")


def _broken() -> Iterator[tuple[str, Spoil]]:
    yield "another target", _replaced(("https://example.org", "https://example.com"))
    yield "no target", _replaced(("](https://example.org", "] (https example.org"))
    yield "no link", _replaced(("[map]", "map"), ("<https://", "https://"))
    yield "other code", _replaced(("`teh run`", "`the run`"))
    yield "no code", _replaced(("`", ""))
    yield "another formula", _replaced(("$x^2 + y$", "$x^2 - y$"))
    yield "another citation", _replaced(("[@key, p. 3]", "[@kay, p. 3]"))
    yield "no HTML", _replaced(("<b>", ""), ("</b>", ""))
    yield "other HTML", _replaced(("<b>", "<script>"), ("</b>", "</script>"))
    yield "no heading", _replaced(("# ", ""))
    yield "a lower heading", _replaced(("# ", "## "))
    yield "no list", _replaced(("- ", ""))
    yield "no quotation", _replaced(("> ", ""))
    yield "no cells", _replaced(("|", " "))
    yield "more cells", _replaced(("Mill", "| Mill"))
    yield "a heading more", _in_the_middle("\n\n# Another heading\n\n")
    yield "an added link", _in_the_middle(" [here](https://evil.example/)")
    yield "added code", _in_the_middle(" `rm -rf /`")
    yield "added HTML", _in_the_middle(" <img src=x onerror=alert(1)>")
    yield "an added comment", _in_the_middle(" <!-- hidden -->")


def _other_texts() -> Iterator[tuple[str, Spoil]]:
    yield (
        "French",
        lambda _: (
            "Il y a une lumière sur le rocher. Elle brûle depuis longtemps, et personne ne connaît"
            " le gardien. La mer est grise en hiver, et les oiseaux dorment sur les rochers."
        ),
    )
    yield "a refusal", lambda _: "I'm sorry, but I can't help with that request."
    yield "a summary", lambda _: "The text tells of a place by the sea."
    yield "a question", lambda _: "Could you please provide the text that you want me to correct?"
    yield "an opinion", lambda _: "The text is well written. There are no mistakes in it."
    yield "no change needed", lambda _: "No changes needed."
    yield "twice", lambda text: f"{text}\n\n{text}"
    yield "twice in a line", lambda text: f"{text.strip()} {text.strip()}"
    yield "a word again and again", _around("", " light" * 40)
    yield "a sentence again and again", _around("", " The light burns all night." * 9)
    yield "endless", lambda text: Reply(f"{text} " * 30, "length")
    yield "the instruction", _around("Correct the spelling and the grammar of this text: ")


SPOILED: Mapping[str, Spoil] = dict(_ways())
BROKEN = frozenset(name for name, _ in _broken())
"""The ways that break locks and structure."""
