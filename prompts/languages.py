"""Which language a text is in, as far as its script and its commonest words tell.

Enough to notice an answer that changed the language, without the megabytes of models that a library
for the purpose brings; unlike those, it says when it cannot tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from prompts.words import words

_COMMONEST: Mapping[str, Mapping[str, str]] = {
    "LATIN": {
        "English": "the of and to a in is that it was for on with as be at by this had not are "
        "but from or have an they which you were her she his he there been their has would "
        "will we",
        "German": "der die das und in den von zu mit sich des auf für ist im dem nicht ein "
        "eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch "
        "wie einem ich",
        "French": "de la le et les des en un du une que est pour qui dans a par plus pas au "
        "sur ne se ce il sont la avec son aux ou mais nous elle cette je leur vous c'est d'un "
        "était être",
        "Spanish": "de la que el en y a los se del las un por con no una su para es al lo como "
        "más o pero sus le ha me si sin sobre este ya entre cuando todo esta ser son dos "
        "también muy",
        "Italian": "di che e la il un a è per in una non sono da con si del le al i dei come "
        "ha più lo ma della anche nel alla gli o se su questo era delle ci io mi suo loro "
        "quando molto",
        "Portuguese": "de a o que e do da em um para é com não uma os no se na por mais as dos "
        "como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só "
        "pelo pela",
        "Dutch": "de van een het en in is dat op te zijn met voor niet aan er om ook als dan "
        "maar bij of uit nog naar heeft hij ze wordt door over wel worden was ik je zij deze "
        "hun had",
        "Swedish": "och i att det som en på är av för med till den har de inte om ett men var "
        "jag sig från vi så kan när han hon under också efter eller nu sin där vid mot skulle "
        "kommer",
        "Danish": "og i at det er en til af på som for med den har de der ikke et var jeg men "
        "sig han et fra vi kan når hun også efter eller ud sin hvor ved mod skulle blev være "
        "havde meget",
        "Polish": "w i na z do nie się że to jest o od za po jak ale co przez dla by już był "
        "tym które tego tak ze może który są jego oraz tylko a jej jako przed być było także "
        "pod",
        "Czech": "a v se na je že to s z do o i ve za pro po si by jako ale jsou od jeho už k "
        "který které nebo tak byl bylo jsem podle také co až při jen může má však která než "
        "není",
        "Turkish": "ve bir bu da de için ile çok ne daha o olarak gibi kadar olan en sonra ama "
        "var değil her ki ya şey mi ben onun diye olduğu yok ise göre bunu zaman iki ancak "
        "nasıl",
    },
    "CYRILLIC": {
        "Russian": "и в не на что с я он как это но по из у за к то же от так его был для вы "
        "мы они она все было бы о ещё когда только уже или если нет мне если быть во со",
        "Ukrainian": "і в не на що з я він як це але по із у за до то же від так його був для "
        "ви ми вони вона все було би про ще коли тільки вже або якщо й та є бути який щоб",
    },
}
"""By script: what each language's texts are full of, whatever they are about."""

_NAMED_BY_SCRIPT = {
    "HANGUL": "Korean",
    "CJK": "Chinese",
    "KANA": "Japanese",
    "GREEK": "Greek",
    "HEBREW": "Hebrew",
    "THAI": "Thai",
}

_NOT_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)

_FEWEST = 2
"""Words of a language that have to be seen before it is named."""

_LEAD = 1.3
"""How many times the next language's words there have to be; relatives share many."""


def language_of(text: str) -> str | None:
    """The language's name, or its script's where that is all that shows; None if nothing does."""
    prose = unicodedata.normalize("NFC", _NOT_PROSE.sub(" ", text))
    script = _script_of(prose)
    if script in _COMMONEST:
        return _by_words(prose, _COMMONEST[script])
    return _NAMED_BY_SCRIPT.get(script, script.capitalize()) if script else None


def languages_differ(one: str, other: str) -> tuple[str, str] | None:
    """Both languages where they are certainly not the same."""
    ours, theirs = language_of(one), language_of(other)
    if ours and theirs and ours != theirs:
        return ours, theirs
    scripts = _script_of(one), _script_of(other)
    if all(scripts) and scripts[0] != scripts[1] and not (ours and ours == theirs):
        return ours or scripts[0].capitalize(), theirs or scripts[1].capitalize()
    return None


def _script_of(text: str) -> str:
    """The script of most letters, as Unicode names it; nothing where there is no letter."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    if counts["KANA"] * 20 > counts.total():
        return "KANA"  # Japanese has Chinese characters too, and Chinese has no kana
    return max(counts, key=lambda script: counts[script], default="")


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0]
    return "KANA" if name in ("HIRAGANA", "KATAKANA", "HALFWIDTH") else name


def _by_words(text: str, commonest: Mapping[str, str]) -> str | None:
    seen = Counter(words(text.casefold()))
    scores = Counter(
        {
            language: sum(seen[word] for word in set(its.split()))
            for language, its in commonest.items()
        }
    )
    (best, score), (_, next_score) = scores.most_common(2)
    is_certain = score >= _FEWEST and score > _LEAD * next_score
    return best if is_certain else None
