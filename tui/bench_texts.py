"""What ``chat bench`` has a model read and write: texts of our own, as long as they need to be."""

from __future__ import annotations

from itertools import count, islice

from engine.types import Message

_SENTENCES = (
    "The wind went round to the west before noon and the glass began to fall.",
    "We took the small boat out to the marker and found the chain worn through in two places.",
    "Nobody has seen the grey cat since the delivery on Tuesday.",
    "The pump was slow again, so I cleaned the filter and wrote the hours on the board.",
    "Two walkers asked the way to the chapel and stayed for soup.",
    "Rain all day; the lower path is under water as far as the second gate.",
    "A letter came from the harbour office about the paint, which is late.",
    "I counted forty-one gulls on the roof and one owl in the lamp room.",
    "The new apprentice can splice a rope, but he cannot make coffee.",
    "Fog from four in the morning, so thick that the bell was rung by hand.",
    "We moved the spare lens to the dry store and wrapped it in wool.",
    "The radio spoke of a storm that never reached us.",
    "Three ships passed before dark, and the last of them dipped her flag.",
    "The vegetable bed by the south wall has given its first beans.",
    "I read the old keeper's notes about the winter when the sea froze.",
    "The clock in the hall loses a minute a day, and nobody minds.",
)
"""Of a keeper's log book. Its entries are numbered, so that no two books begin alike."""

_EDITOR = (
    "Correct the spelling and the grammar of this text, and change nothing else. "
    "Return only the corrected text.\n\n"
)

DRAFT = """\
The reading room above the fire station has been open since March, and most evenings it is full. \
Nobody expected that. When the council offered the two upper floors, the plan was to store old \
ledgers there until somebody found the money to scan them. Insted, a retired tram driver named \
Odile Marchetti carried up eleven chairs, a kettle and a box of detective novels, and put a sign \
on the door that said she would be there from four until nine.

At first the visitors came for the warmth. The winter was long, and a room with a stove is a good \
arguement for staying. Then a student asked whether she could leave her notes on the windowsill \
overnight, and a carpenter who was waiting for his daughter mended the table. By May there was a \
list of names for the shelf duty, and a seperate list for the soup. Their are no fines. A book \
that does not come back is entered in a blue notebook under the word "travelling", and about half \
of them return within a year.

The council has now asked for a report. It wants to know how many people use the room, what they \
read, and wether the floor can carry more shelves. Odile has answered the last question herself: \
she invited the whole fire brigade to tea, counted twenty-six of them, and noted that nothing \
creaked. The other answers will take longer, becuase nobody who comes here likes to be counted. \
What she can say is that the light is allways on at four o'clock, and that on most evenings \
somebody is already standing on the stairs."""
"""To be copy-edited: seven words are wrong."""

SHORT_DRAFT = DRAFT.partition("\n\n")[0]

PLAIN_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n\n{% endfor %}"
"""A chat template for models without one: the texts, one after another."""

GREETING = (Message("user", "Good morning."),)

WARM_UP = "Good morning."
"""For a worker's first steps, as plain text: it shares no beginning with a conversation."""


def log_book(first: int, words: int) -> str:
    """The first words of a log book.

    Args:
        first: The number of its first entry: books with different ones share no beginning.
        words: How many.
    """
    entries = (f"Entry {n}. {_SENTENCES[n % len(_SENTENCES)]}" for n in count(first))
    return " ".join(islice((word for entry in entries for word in entry.split()), words))


def reading(text: str) -> tuple[Message, ...]:
    """A conversation that begins with a long text."""
    return (Message("user", text),)


def question(number: int) -> Message:
    """The next turn about a log book; each is another one."""
    return Message("user", f"Which entry is like number {number}, and why?")


def editing(draft: str) -> tuple[Message, ...]:
    """Asks for a copy-edited draft."""
    return (Message("user", _EDITOR + draft),)


def counting(attempt: int) -> str:
    """The beginning of an answer that hardly any model ends soon; each attempt is another one."""
    first = 1 + 20 * attempt
    return f"I will count on and on: {', '.join(map(str, range(first, first + 8)))},"
