"""A growing Markdown text in blocks: whatever the pieces that it comes in, they are the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.repl.markdown import Block, MarkdownSplitter

SAMPLE = """\
# A *title*
Words
in two lines

- one
- two
  - three

    more
7) seven
> quoted
lazy
>
> - inside
```py
x = 1

y = 2
```
| a | b |
|---|--:|
| 1 | 2 |

-
[link]: http://example.org
<div>
***
end"""

LINE = st.one_of(
    st.sampled_from(SAMPLE.split("\n")),
    st.text(st.sampled_from("ab-+*_>#|`~=:1.) \t\\\\[]()<!\\r\\f\\x0b\\x85"), max_size=8),
)
TEXT = st.lists(LINE, max_size=14).map("\n".join)


def given_out(pieces: list[str]) -> list[Block]:
    splitter = MarkdownSplitter()
    finished = [block for piece in pieces for block in splitter.feed(piece)]
    return finished + splitter.finish()


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_a_text_that_comes_by_characters_has_the_blocks_of_the_whole(text: str) -> None:
    assert given_out(list(text)) == given_out([text])
