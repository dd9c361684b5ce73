"""What may not be meant for others: what is pointed out, and what is left in peace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from pace import within

from engine.types import Message
from sessions import Change, Limits, Rating, Review, Turn
from sessions.findings import Finding, findings_in

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def turn(content: str, name: str = "q") -> Turn:
    return Turn(name, None, "user", content, NOON)


def found(content: str) -> list[tuple[str, str]]:
    return [(each.kind, each.excerpt) for each in findings_in([turn(content)])]


# Put together here, so that no program that looks for keys takes this file for a leak.
PAT = "github" + "_pat_" + "11ABCDEFG0aBcDeFgHiJkL_" + "m3N" * 12


@pytest.mark.parametrize(
    ("content", "excerpt"),
    [
        ("It is in /home/anna/notes/plan.md.", "/home/anna…"),
        ("cd /home/jan", "/home/jan…"),
        ("'/Users/margarete/Desktop'", "/Users/marg…"),
        ("file:///home/anna/a.md", "/home/anna…"),
        ("PATH=/usr/bin:/home/j.doe/bin", "/home/j.do…"),
        (r"C:\Users\Anna\Documents", "C:\\Users\\Anna…"),
        (r'"c:\\users\\Anna\\a.txt"', "c:\\\\users\\\\Anna…"),
        ("D:/Users/jürgen/x", "D:/Users/jürg…"),
        ("It is in /home/öz.", "/home/öz…"),
        ("scp me@host:/home/anna/x .", "/home/anna…"),
    ],
)
def test_home_folders_are_found(content: str, excerpt: str) -> None:
    assert found(content) == [("home folder", excerpt)]


@pytest.mark.parametrize(
    ("content", "start"),
    [
        ("sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2", "sk-a"),
        ("sk-" + "proj-Zx9_" + "aB3dE6gH9jK2mN5pQ8" * 2, "sk-p"),
        ("key: " + "sk-" + "ant-api03-" + "Qw3rTy7uIoP9aSdF" * 3, "sk-a"),
        ("ghp" + "_" + "16C7e42F292c6912E7710c838347Ae178B4a", "ghp_"),
        (PAT, "gith"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "AKIA"),
        ("xox" + "b-2401234567-abcDEF123ghi", "xoxb"),
        ("xox" + "p-2401234567-abcDEF123ghi", "xoxp"),
        ("AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "AIza"),
        ("hf" + "_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567", "hf_a"),
        ("Authorization: Bearer " + "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dQw4w9", "eyJh"),
        ('-H "authorization: bearer ' + '9f8e7d6c5b4a39281706"', "9f8e"),
        ('{"Authorization": "Bearer ' + 'a8f5f167f44f4964e6c998dee827110c"}', "a8f5"),
        ("API_KEY=" + "a8f5f167f44f4964e6c998dee827110c", "a8f5"),
        ('"apiKey": "' + 'Zm9vYmFyMTIzNDU2Nzg5MA=="', "Zm9v"),
        ("MY_SERVICE_TOKEN = '" + "550e8400-e29b-41d4-a716-446655440000'", "550e"),
        ("password: " + "Tr0ub4dor&3", "Tr0u"),
        ("client_secret := `" + "k3Jf9sLq02Xz7Vb1`", "k3Jf"),
    ],
)
def test_keys_are_found_and_masked(content: str, start: str) -> None:
    assert found(content) == [("key", f"{start}…")]
    assert found(f"Why does this fail?\n\n    {content}\n\nThanks") == [("key", f"{start}…")]


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
def test_private_keys_are_found(kind: str) -> None:
    start = f"-----BEGIN {kind}PRIVATE KEY"
    assert found(f"{start}-----\nMIIEow\n-----END") == [("key", f"{start}…")]


@pytest.mark.parametrize(
    "content",
    [
        "There is no place like home/hearth, says https://example.org/home/anna/page.",
        "See example.org/Users/anna and ../home/anna and ~/home/anna.",
        "Use /home/user/project, /home/$USER, /home/<you>, /Users/Shared or C:\\Users\\Public.",
        'app.get("/users/:id")  # and /home alone',
        "/home/{name}/x and /home/%s",
        '<a href="/home/about.html">',
        "The sk-learn-compatible-estimators-of-scikit are sk-fast.",
        "A desk-side-table-with-4-legs-and-2-drawers",
        "She had a secret: nobody knew. The password is: please. Token: none.",
        "max_tokens = 4096, token=token, token: str | None = None, tokens = 20480128",
        "password = getpass.getpass('Password: ')",
        "token = os.environ['GITHUB_TOKEN']",
        "api_key=settings.openai_api_key2_from_file11",
        "api_key = YOUR_API_KEY, password=<password>, secret: ${{ secrets.KEY_123 }}",
        "token = tokenizer.convert_ids_to_tokens(12)[0]",
        "password: 12345678, token: 2024-05-06",
        "Authorization: Bearer <token>, Authorization: Bearer $TOKEN",
        "Authorization: Bearer YOUR_API_KEY",
        "-----BEGIN PUBLIC KEY----- and -----BEGIN CERTIFICATE-----",
        "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "https://example.org/?id=8f14e45fceea167a5a36dedd4bea2543",
        "AKIAN is a name, ghp_ a prefix, xoxb- another, AIza too, and sk- as well.",
    ],
)
def test_prose_and_programs_are_left_in_peace(content: str) -> None:
    assert found(content) == []


def test_the_same_is_said_once_for_each_turn() -> None:
    turns = [turn("/home/anna/a /home/anna/b", "one"), turn("/home/anna/a", "two")]
    assert findings_in(turns) == [
        Finding("one", "home folder", "/home/anna…"),
        Finding("two", "home folder", "/home/anna…"),
    ]


def test_everything_that_a_turn_has_is_looked_at() -> None:
    places = [f"/home/n{number}/x" for number in range(9)]
    question = replace(
        turn(places[0]),
        examples=(Message("user", places[1]),),
        reasoning=places[2],
        error=places[3],
        variables={"text": places[4], "percent": 3},
        limits=Limits(schema=places[5]),
        extra={"newer": [places[6]]},
    )
    ratings = {"q": Rating("q", 1, places[7]), "other": Rating("other", 1, "/home/anna")}
    reviews = {"q": Review("q", (Change(True), Change(True, final=places[8])))}
    everywhere = [each.excerpt for each in findings_in([question], ratings, reviews)]
    assert sorted(everywhere) == [f"/home/n{number}…" for number in range(9)]
    said = [each.excerpt for each in findings_in([question], ratings, reviews, with_asides=False)]
    assert said == ["/home/n0…", "/home/n1…"]


@pytest.mark.parametrize(
    "piece",
    [
        *("/home/", "/home/a.", "sk-", "sk-a1", "token", "token = ", "api_key:", "Authorization: "),
        *("Authorization: Bearer ", "-----BEGIN ", "RSA ", "xoxb-", "a", "a-", " ", "C:\\Users\\"),
        *("github_pat_", "password=a1", "AKIA", "eyJ."),
    ],
)
def test_a_long_text_of_beginnings_is_gone_through_at_once(piece: str) -> None:
    text = piece * (2**18 // len(piece))
    with within(5):
        findings_in([turn(text)])


def test_characters_of_all_kinds_are_gone_through() -> None:
    assert found("\x00\ud800\x1b[2J /home/anna/\ud800") == [("home folder", "/home/anna…")]
