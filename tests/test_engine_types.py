"""The settings of sampling: what each may be, how mistakes are reported, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from engine.sampling_params import BIAS_RANGE, SAMPLERS, SAMPLING_NAMES, SAMPLING_RANGES, Sampling

PAGE = Path(__file__).parent.parent / "docs" / "sampling.md"

CHANGED = Sampling(
    temperature=1,
    typical_p=0.5,
    dry_sequence_breakers=["\n", "—"],  # type: ignore[arg-type]
    logit_bias={"sea": 1.5, "delve": -100},  # type: ignore[arg-type]
    samplers=["typ_p", "temperature"],  # type: ignore[arg-type]
    mirostat=2,
    beams=6,
    beam_groups=3,
    seed=4,
)


def test_lists_and_biases_are_kept_so_that_they_can_be_compared() -> None:
    assert list(CHANGED.samplers) == ["typical_p", "temperature"]
    assert CHANGED.logit_bias == (("delve", -100.0), ("sea", 1.5))
    pairs = (("sea", 1.5), ("delve", -100))
    assert Sampling(logit_bias=pairs).logit_bias == CHANGED.logit_bias
    assert len({CHANGED, Sampling(), Sampling(logit_bias=())}) == 2


@pytest.mark.parametrize("sampling", [Sampling(), CHANGED], ids=["defaults", "changed"])
def test_what_goes_through_json_comes_back_equal(sampling: Sampling) -> None:
    assert Sampling(**json.loads(json.dumps(sampling.to_dict()))) == sampling
    assert Sampling(**json.loads(json.dumps(asdict(sampling)))) == sampling


@pytest.mark.parametrize("name", SAMPLING_RANGES)
def test_a_number_out_of_range_is_answered_with_the_range(name: str) -> None:
    low, high = SAMPLING_RANGES[name]
    for value in (low, high):
        assert Sampling.checked(name, value) == value
    wrong: list[object] = [low - 1, high + 1, "1", float("nan"), True, [1]]
    if isinstance(low, int):
        wrong.append(1.5)
    for bad in wrong:
        with pytest.raises(ValueError, match=f"^{name} must be ") as caught:
            Sampling(**{name: bad})  # type: ignore[arg-type]
        assert "0 or 2" in str(caught.value) or f"{high:.10g}, not" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mirostat": 1}, "mirostat must be 0 or 2, not 1"),
        ({"logit_bias": {"a": -101}}, "'a' must be a number from -100 to 100, not -101"),
        ({"logit_bias": {"a": "x"}}, "'a' must be a number from -100 to 100, not 'x'"),
        ({"logit_bias": {"": 1}}, "logit_bias must be texts with numbers"),
        ({"logit_bias": 3}, "logit_bias must be texts with numbers"),
        ({"samplers": ["topk"]}, "must be some of penalties, dry, top_n_sigma, top_k,"),
        ({"samplers": ["top_k", "top_k"]}, "top_k is named twice"),
        ({"samplers": "top_k"}, "samplers must be a list of texts"),
        ({"dry_sequence_breakers": [""]}, "texts of 1 to 40 bytes"),
        ({"dry_sequence_breakers": ["ä" * 21]}, "texts of 1 to 40 bytes"),
        ({"beams": 4, "beam_groups": 3}, "beam_groups must divide beams (4)"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_answered_with_what_can(
    values: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the words are looked at below
        Sampling(**values)  # type: ignore[arg-type]
    assert words in str(caught.value)


def shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def test_the_page_about_sampling_has_every_option_with_its_range_and_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(fields(Sampling)) == len(SAMPLING_NAMES) > 30
    for name, (low, high) in {**SAMPLING_RANGES, "logit_bias": BIAS_RANGE}.items():
        between = "0 or 2" if name == "mirostat" else f"{shown(low)} to {shown(high)}"
        default = getattr(Sampling(), name)
        kept = {None: "random", (): "none"}.get(default) or shown(default)
        assert f"| `{name}` | {between} | {kept} |" in page
    for name in ("samplers", "dry_sequence_breakers"):
        assert f"| `{name}` | " in page
    assert ", ".join(f"`{name}`" for name in SAMPLERS) in " ".join(page.split())
