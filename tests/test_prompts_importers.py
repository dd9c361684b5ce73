"""Prompts of other programs: what is made of them, and what they cannot do to us."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.types import Message
from prompts import Library, MissingVariables, Source
from prompts.errors import NotImported
from prompts.files import MAX_BYTES
from prompts.importers import Imported, Problem, read_prompts
from prompts.importers.aichat import MOST_EXAMPLES
from prompts.importers.detect import MOST_NOTES
from prompts.importers.files import MAX_ENTRIES
from prompts.importers.llm import read_template
from prompts.importers.names import slug
from prompts.importers.templates import MOST_VARIABLES, literal
from prompts.importers.yamltext import load_yaml
from prompts.reading import parse_prompt
from prompts.render import Rendered, render
from prompts.schema import Example, Variable
from prompts.writing import NewPrompt, prompt_toml

Filled = Callable[..., Rendered]

TRICKY = st.text(
    st.one_of(
        st.sampled_from("{}%#-+$\"'\\ \n\tan_:"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
    ),
    max_size=60,
)
"""Texts that look like templates of one kind or another."""

MARGIN = " \t\n"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def the_prompt(path: Path, name: str | None = None) -> Imported:
    """The only prompt in a file or folder."""
    (found,) = read_prompts(path, name)
    assert isinstance(found, Imported), found
    return found


def the_problem(path: Path) -> str:
    (found,) = read_prompts(path)
    assert isinstance(found, Problem), found
    return str(found)


def fill(imported: Imported, folder: Path, text: str = "My text.", **values: str) -> Rendered:
    """What a model is told by the file that is made of a prompt."""
    write(folder / f"{imported.name}.toml", imported.toml())
    prompt = Library([Source("near", folder)]).load(imported.name)
    return render(prompt, values, {"text": text, "date": "2026-11-24"})


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    """Renders an imported prompt as the library finds it."""

    def rendered(imported: Imported, **values: str) -> Rendered:
        return fill(imported, tmp_path / "library", **values)

    return rendered


class TestFabric:
    def test_a_pattern_becomes_the_system_text_and_the_text_follows_it(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        write(tmp_path / "Sum_It_up" / "system.md", "# IDENTITY\n\nYou sum things up.\n\n# INPUT\n")
        found = the_prompt(tmp_path / "Sum_It_up")
        assert (found.name, found.form, found.origin) == ("sum-it-up", "fabric", "Sum_It_up")
        assert found.notes == ()
        assert found.toml() == (
            "#:schema ./prompt.schema.json\n# Imported from a Fabric pattern: Sum_It_up\n\n"
            'title = "Sum It up"\ntags = ["fabric"]\n\n'
            'system = """\n# IDENTITY\n\nYou sum things up.\n\n# INPUT\n"""\n'
        )
        rendered = filled(found)
        assert rendered.system == "# IDENTITY\n\nYou sum things up.\n\n# INPUT"
        assert rendered.user == "My text."

    def test_a_pattern_with_a_place_for_the_text_is_the_question(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        write(tmp_path / "ask" / "system.md", "Read:\n{{input}}\nand answer.")
        rendered = filled(the_prompt(tmp_path / "ask"))
        assert (rendered.system, rendered.user) == ("", "Read:\nMy text.\nand answer.")

    def test_variables_are_declared_and_must_be_given(self, tmp_path: Path, filled: Filled) -> None:
        text = "Write {{lang_code}} for {{#who}}, {{lang_code}}, on {{date}}. {{{for}}}"
        write(tmp_path / "translate" / "system.md", text)
        found = the_prompt(tmp_path / "translate" / "system.md")
        assert {name: v.description for name, v in found.prompt.variables.items()} == {
            "lang_code": "",
            "who": "Called #who where it came from",
            "own_date": "Called date where it came from",
            "own_for": "Called for where it came from",
        }
        with pytest.raises(MissingVariables):
            filled(found, who="me")
        values = {"lang_code": "de", "who": "me", "own_date": "Monday", "own_for": "x"}
        assert filled(found, **values).system == "Write de for me, de, on Monday. {x}"

    def test_what_is_no_placeholder_stays_as_it_is(self, tmp_path: Path, filled: Filled) -> None:
        text = '{% raw %} {{ note }} {{to_lower("A")}} {# c #} {{a}{b}} \\frac{{1}{2} {{}} {{{{'
        write(tmp_path / "odd" / "system.md", text)
        assert filled(the_prompt(tmp_path / "odd")).system == text

    def test_calls_of_plugins_are_never_run_and_are_pointed_out(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        text = "On {{plugin:sys:hostname}} {{ext:run:it:{{who}}}} {{plugin:sys:hostname}}"
        write(tmp_path / "calls" / "system.md", text)
        found = the_prompt(tmp_path / "calls")
        assert found.notes == (
            "left as text; nothing runs it: {{plugin:sys:hostname}}",
            "left as text; nothing runs it: {{ext:run:it:",
        )
        assert filled(found, who="me").system == text.replace("{{who}}", "me")

    def test_many_calls_are_counted(self, tmp_path: Path) -> None:
        calls = "".join(f"{{{{plugin:text:upper:{number}}}}}" for number in range(13))
        write(tmp_path / "calls" / "system.md", calls)
        notes = the_prompt(tmp_path / "calls").notes
        assert len(notes) == 11
        assert notes[-1] == "left as text too: 3 more calls of plugins"

    @pytest.mark.parametrize(
        ("user", "wanted"),
        [
            ("CONTENT:\n", "CONTENT:\n\nMy text."),
            ("Of {{input}} say:", "Of My text. say:"),
            (" \n", "My text."),
        ],
    )
    def test_an_old_pattern_has_a_text_before_yours(
        self, tmp_path: Path, filled: Filled, user: str, wanted: str
    ) -> None:
        write(tmp_path / "old" / "system.md", "Be kind.")
        write(tmp_path / "old" / "user.md", user)
        rendered = filled(the_prompt(tmp_path / "old"))
        assert (rendered.system, rendered.user) == ("Be kind.", wanted)

    def test_a_folder_of_patterns_gives_each_and_no_text_beside_them(self, tmp_path: Path) -> None:
        for name in ("b_two", "a_one"):
            write(tmp_path / name / "system.md", f"I am {name}.")
        write(tmp_path / "explanations.md", "What they are for.")
        write(tmp_path / ".git" / "system.md", "Hidden.")
        names = [found.name for found in read_prompts(tmp_path) if isinstance(found, Imported)]
        assert names == ["a-one", "b-two"]


class TestLlm:
    def test_a_template_with_everything_that_can_be_carried_over(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        path = write(
            tmp_path / "roast.yaml",
            "system: You talk like $voice, for $$5 {{ braces }}.\n"
            "prompt: |\n  Roast ${whom}: $input\n"
            "defaults:\n  voice: a pirate\n  whom: 3\n"
            "options: {temperature: 0.4, max_tokens: 300, stop: END}\n",
        )
        found = the_prompt(path)
        assert (found.name, found.form, found.notes) == ("roast", "llm", ())
        assert found.prompt.params == {"temperature": 0.4, "max_tokens": 300, "stop": ["END"]}
        rendered = filled(found, whom="the cook")
        assert rendered.system == "You talk like a pirate, for $5 {{ braces }}."
        assert rendered.user == "Roast the cook: My text."
        assert filled(found).user == "Roast 3: My text."

    def test_a_system_text_alone_leaves_the_question_to_the_text(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        rendered = filled(the_prompt(write(tmp_path / "a.yml", "system: Be brief.\n")))
        assert (rendered.system, rendered.user) == ("Be brief.", "My text.")

    def test_a_prompt_without_input_goes_before_the_text(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        found = the_prompt(write(tmp_path / "a.yaml", "prompt: 'Sum up: {'\n"))
        assert filled(found).user == "Sum up: {\nMy text."
        assert filled(found, text="").user == "Sum up: {"

    def test_a_bare_text_is_the_prompt(self, tmp_path: Path, filled: Filled) -> None:
        found = the_prompt(write(tmp_path / "a.yaml", "Sum up $input please\n"))
        assert (found.form, filled(found).user) == ("llm", "Sum up My text. please")

    def test_a_variable_without_a_default_must_be_given(
        self, tmp_path: Path, filled: Filled
    ) -> None:
        found = the_prompt(write(tmp_path / "a.yaml", "prompt: $dish and $text costs $5\n"))
        assert found.prompt.variables == {"dish": Variable("dish", required=True)}
        with pytest.raises(MissingVariables):
            filled(found)
        assert filled(found, dish="Soup").user == "Soup and My text. costs $5"

    def test_what_cannot_be_carried_over_is_noted_and_never_run(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "a.yaml",
            "system: Hi\nmodel: gpt-4o\nextract: true\ntools: [llm_time, other]\n"
            "functions: |\n  import os\n  os.mkdir('made')\n"
            "fragments: [/etc/passwd]\nunheard_of: 1\n"
            "options: {temperature: hot, min_p: 0.1, reasoning_effort: low}\n"
            "defaults: {list: [1]}\n",
        )
        found = the_prompt(path)
        assert found.prompt.params["min_p"] == 0.1
        assert list(found.notes) == [
            "left out: the default of list, which is not a text",
            "left out: temperature = hot, which must be a number, not a text",
            "left out: reasoning_effort = low, a setting that is not known here",
            "left out: model = gpt-4o",
            "left out: extract; -x does the same",
            "left out: tools = llm_time, other",
            "left out: functions, Python code that nothing runs here",
            "left out: fragments = /etc/passwd",
            "left out: unheard_of = 1",
        ]
        for note in found.notes:
            assert f"\n# {note}\n" in found.toml()

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("prompt: [a]\nsystem: b\n", "its prompt is not a text"),
            ("prompt: a\ndefaults: [b]\n", "its defaults are not a table"),
            ("prompt: a\noptions: 3\n", "its options are not a table"),
            ("model: gpt-4o\noptions: {}\n", "nothing in it can be imported"),
            ("prompt: ''\n", "nothing in it can be imported"),
            ('prompt: "half \\uD83D of one"\n', "half of a character"),
            ("- 1\n- 2\n", "nothing in it has a format that can be imported (a Fabric pattern, "),
        ],
    )
    def test_a_template_that_makes_no_prompt(self, tmp_path: Path, text: str, reason: str) -> None:
        assert reason in the_problem(write(tmp_path / "a.yaml", text))

    def test_a_schema_is_what_the_answer_has_to_fit(self, tmp_path: Path) -> None:
        schema = "{type: object, properties: {a: {enum: [x, null, 'p\"q']}}}"
        found = the_prompt(write(tmp_path / "a.yaml", f"system: Hi\nschema_object: {schema}\n"))
        file = parse_prompt(found.toml(), name="a", path=Path("a.toml"))
        assert json.loads(str(file.params["schema"])) == {
            "type": "object",
            "properties": {"a": {"enum": ["x", None, 'p"q']}},
        }
        assert found.notes == ()

    def test_notes_have_an_end(self, tmp_path: Path) -> None:
        keys = "".join(f"key{number}: 1\n" for number in range(MOST_NOTES + 3))
        notes = the_prompt(write(tmp_path / "a.yaml", f"system: Hi\n{keys}")).notes
        assert notes[-2:] == ("left out: key49 = 1", "left out: 3 more")

    def test_a_text_that_is_a_template_by_its_content(self, tmp_path: Path) -> None:
        assert the_prompt(write(tmp_path / "a.txt", "system: Be brief.\n")).form == "llm"
        assert the_prompt(write(tmp_path / "b.txt", "system: Be brief.\nto: me\n")).form == "text"
        assert the_prompt(write(tmp_path / "c.txt", "system: Be: brief.\n")).form == "text"


class TestAichat:
    def test_a_role_with_settings(self, tmp_path: Path, filled: Filled) -> None:
        path = write(
            tmp_path / "grammar.md",
            "---\r\nmodel: openai:gpt-4o\r\ntemperature: 0.2\r\ntop_p: 9\r\n"
            "use_tools: web_search\r\n---\r\n\r\nCorrect {{my}} grammar.\r\nNo more.\r\n",
        )
        found = the_prompt(path)
        assert (found.name, found.form) == ("grammar", "aichat")
        assert found.prompt.params == {"temperature": 0.2}
        assert found.notes == (
            "left out: top_p = 9, which must be a number from 0 to 1, not 9",
            "left out: model = openai:gpt-4o",
            "left out: use_tools = web_search",
        )
        assert filled(found).system == "Correct {{my}} grammar.\nNo more."

    def test_a_role_with_a_place_for_the_question(self, tmp_path: Path, filled: Filled) -> None:
        found = the_prompt(write(tmp_path / "emoji.md", "Turn __INPUT__ into emoji"))
        rendered = filled(found)
        assert (found.form, rendered.system) == ("aichat", "")
        assert rendered.user == "Turn My text. into emoji"

    def test_inputs_and_outputs_are_examples(self, tmp_path: Path, filled: Filled) -> None:
        path = write(
            tmp_path / "code.md",
            'Only code.\n### INPUT:\nsleep in {{js}}\n### OUTPUT:\n```\nwait("""1""")\n```\n'
            "### INPUT:\nnothing\n### OUTPUT:\n### INPUT:\na \\ b\n### OUTPUT:\nc\n",
        )
        found = the_prompt(path)
        assert found.form == "aichat"
        assert found.notes == ("left out: examples with an empty side",)
        rendered = filled(found)
        assert rendered.system == "Only code."
        assert rendered.examples == (
            (Message("user", "sleep in {{js}}"), Message("assistant", '```\nwait("""1""")\n```')),
            (Message("user", "a \\ b"), Message("assistant", "c")),
        )

    def test_an_input_without_its_output_is_text(self, tmp_path: Path, filled: Filled) -> None:
        text = "Only code.\n### INPUT:\nsleep in js"
        found = the_prompt(write(tmp_path / "code.md", text))
        assert (found.form, filled(found).system) == ("text", text)

    def test_what_aichat_finds_out_is_asked_for(self, tmp_path: Path, filled: Filled) -> None:
        found = the_prompt(write(tmp_path / "sh.md", "{{__shell__}} on {{__now__}}, {{__x__}}"))
        assert found.notes == ("give it with -p shell VALUE: aichat fills it in by itself",)
        assert filled(found, shell="zsh").system == "zsh on 2026-11-24, {{__x__}}"

    def test_the_old_list_of_roles(self, tmp_path: Path, filled: Filled) -> None:
        path = write(
            tmp_path / "roles.yaml",
            "- name: Shell Helper\n  prompt: >\n    Answer with\n    commands.\n"
            "  temperature: 0.5\n"
            "- name: convert:json:yaml\n  prompt: Convert __ARG1__ to __ARG2__\n"
            "- name: ../../evil\n  prompt: x\n"
            "- name: 12\n  prompt: x\n",
        )
        helper, convert, *problems = read_prompts(path)
        assert isinstance(helper, Imported)
        assert (helper.name, helper.origin) == ("shell-helper", "roles.yaml, Shell Helper")
        assert filled(helper).system == "Answer with commands."
        assert helper.prompt.params == {"temperature": 0.5}
        assert isinstance(convert, Imported)
        assert filled(convert).system == "Convert json to yaml"
        assert filled(convert, arg2="toml").system == "Convert json to toml"
        assert list(map(str, problems)) == [
            "roles.yaml: the name '../../evil' leads to another folder: choose one with --as NAME",
            "roles.yaml: a role's name and prompt must be texts",
        ]

    def test_a_role_of_settings_alone_is_no_prompt(self, tmp_path: Path) -> None:
        path = write(tmp_path / "functions.md", "---\nuse_tools: all\n---\n")
        assert the_problem(path) == "functions.md: nothing in it can be imported"

    def test_settings_that_are_broken_are_told(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.md", "---\nmodel: [\n---\nHello")
        assert the_problem(path).startswith("a.md: not YAML: ")

    def test_rules_around_prose_are_prose(self, tmp_path: Path, filled: Filled) -> None:
        text = "---\nBe: [kind\n---\nand brief"
        found = the_prompt(write(tmp_path / "a.md", text))
        assert (found.form, filled(found).system) == ("text", text)


class TestInstructions:
    def test_a_plain_text_is_the_system_text(self, tmp_path: Path, filled: Filled) -> None:
        text = "I write for children.\nSo use {{ short }} words. {% if x %}"
        found = the_prompt(write(tmp_path / "My instructions.txt", f"\ufeff\n{text}\r\n"))
        assert (found.name, found.form) == ("my-instructions", "text")
        rendered = filled(found)
        assert (rendered.system, rendered.user) == (text, "My text.")

    def test_chatgpts_custom_instructions(self, tmp_path: Path, filled: Filled) -> None:
        text = '{"about_user_message": "I am {{ a }} cook.\\n", "about_model_message": "Be brief."}'
        found = the_prompt(write(tmp_path / "instructions.json", text))
        assert found.form == "chatgpt"
        assert filled(found).system == (
            "About me:\nI am {{ a }} cook.\n\nHow you should answer:\nBe brief."
        )

    @pytest.mark.parametrize(
        "text",
        ["{}", '{"about_user_message": ""}', '{"about_user_message": [1]}', "[" * 99_999, " "],
    )
    def test_json_of_something_else_is_no_prompt(self, tmp_path: Path, text: str) -> None:
        assert "a.json: " in the_problem(write(tmp_path / "a.json", text))

    def test_a_file_of_another_kind_is_no_prompt(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.py", "import os")
        assert the_problem(path).startswith("a.py: nothing in it has a format that can be imported")

    def test_an_empty_file_is_no_prompt(self, tmp_path: Path) -> None:
        assert the_problem(write(tmp_path / "a.md", "\n")) == "a.md: it is empty"


class TestFolders:
    def test_each_file_of_a_folder_is_what_it_is(self, tmp_path: Path) -> None:
        write(tmp_path / "a.yaml", "system: Hi\n")
        write(tmp_path / "b.md", "Turn __INPUT__ into emoji")
        write(tmp_path / "c.txt", "Be brief.")
        write(tmp_path / "inner" / "d.md", "Deeper.")
        (tmp_path / "folder.md").mkdir()
        for other in ("README.md", "License.txt", ".hidden.md", "e.py"):
            write(tmp_path / other, "Not a prompt.")
        found = [each for each in read_prompts(tmp_path) if isinstance(each, Imported)]
        assert [(each.name, each.form) for each in found] == [
            *(("a", "llm"), ("b", "aichat"), ("c", "text")),
        ]


class TestNames:
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("extract_wisdom", "extract-wisdom"),
            ("%code%", "code"),
            ("Résumé 2", "resume-2"),
            ("a" * 99, "a" * 64),
            ("--x--", "x"),
        ],
    )
    def test_a_name_is_made_of_theirs(self, theirs: str, ours: str) -> None:
        assert slug(theirs) == ours

    @pytest.mark.parametrize("theirs", ["../x", "/x", "a/b", "..", ".x", "a\\b", "a\0"])
    def test_a_name_that_leads_elsewhere_is_refused(self, theirs: str) -> None:
        with pytest.raises(NotImported, match="leads to another folder: choose one with --as"):
            slug(theirs)

    def test_a_name_without_letters_is_refused_unless_another_is_given(
        self, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "перевод.md", "Переведи.")
        assert the_problem(path).endswith("'перевод': choose one with --as NAME")
        assert the_prompt(path, "translate").name == "translate"

    def test_names_of_values_do_not_collide(self, tmp_path: Path, filled: Filled) -> None:
        write(tmp_path / "a" / "system.md", "{{x-y}} {{x.y}} {{x_y}} {{1}} {{имя}}")
        found = the_prompt(tmp_path / "a")
        assert list(found.prompt.variables) == ["x_y", "x_y_2", "x_y_3", "own_1", "value"]
        values = {"x_y": "A", "x_y_2": "B", "x_y_3": "C", "own_1": "D", "value": "E"}
        assert filled(found, **values).system == "A B C D E"


class TestHostileFiles:
    def test_a_link_out_of_the_folder_is_refused_and_the_rest_goes_on(self, tmp_path: Path) -> None:
        write(tmp_path / "outside.md", "Secret.")
        write(tmp_path / "elsewhere" / "system.md", "Secret.")
        write(tmp_path / "in" / "ok.md", "Fine.")
        (tmp_path / "in" / "link.md").symlink_to(tmp_path / "outside.md")
        (tmp_path / "in" / "near.md").symlink_to("ok.md")
        link, near, ok = read_prompts(tmp_path / "in")
        assert str(link) == "link.md: it is a link to a place outside its folder"
        assert [each.name for each in (near, ok) if isinstance(each, Imported)] == ["near", "ok"]
        (tmp_path / "in" / "folder").symlink_to(tmp_path / "elsewhere")
        assert the_problem(tmp_path / "in") == (
            "folder: it is a link to a place outside its folder"
        )

    def test_a_pattern_whose_file_is_a_link_out_of_it_is_refused(self, tmp_path: Path) -> None:
        secret = write(tmp_path / "secret", "Secret.")
        (tmp_path / "p").mkdir()
        (tmp_path / "p" / "system.md").symlink_to(secret)
        outside = "p: it is a link to a place outside its folder"
        assert the_problem(tmp_path / "p") == outside
        assert the_problem(tmp_path / "p" / "system.md") == outside
        (tmp_path / "p" / "system.md").unlink()
        write(tmp_path / "p" / "system.md", "Fine.")
        (tmp_path / "p" / "user.md").symlink_to(secret)
        assert the_problem(tmp_path / "p") == outside

    def test_pipes_and_devices_are_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.md")
        assert the_problem(tmp_path) == "pipe.md: it is not a regular file"
        assert the_problem(Path("/dev/zero")) == "zero: it is not a regular file"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"Caf\xe9\n", "it is not UTF-8 text (line 1)"),
            ("Hé\n".encode("utf-16"), "it is not UTF-8 text (line 1)"),
            (b"a" * (MAX_BYTES + 1), "it is larger than 1 MiB"),
        ],
    )
    def test_what_is_no_text_of_a_prompt(self, tmp_path: Path, content: bytes, reason: str) -> None:
        assert the_problem(write(tmp_path / "a.md", content)) == f"a.md: {reason}"

    def test_a_prompt_that_the_library_would_not_read_is_not_made(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.md", "{{a" * (MAX_BYTES // 4))
        assert the_problem(path) == "a.md: its prompt file would be larger than 1 MiB"

    def test_more_variables_than_anybody_would_give_are_refused(self, tmp_path: Path) -> None:
        names = "".join(f"{{{{{'a-' * number}}}}}" for number in range(1, MOST_VARIABLES + 2))
        write(tmp_path / "p" / "system.md", names)
        assert the_problem(tmp_path / "p") == "p: it has more than 100 variables"

    def test_many_examples_are_left_out_from_an_end_on(self, tmp_path: Path) -> None:
        pair = "### INPUT:\na\n### OUTPUT:\nb\n"
        found = the_prompt(write(tmp_path / "a.md", pair * (MOST_EXAMPLES + 1)))
        assert len(found.prompt.examples) == MOST_EXAMPLES
        assert found.notes == ("left out: all examples after the first 200",)

    def test_what_is_not_there_is_told(self, tmp_path: Path) -> None:
        assert the_problem(tmp_path / "a.md") == "a.md: no such file or folder"
        (tmp_path / "b.md").symlink_to("b.md")
        assert the_problem(tmp_path / "b.md").startswith("b.md: ")

    def test_a_folder_of_too_much_is_not_read(self, tmp_path: Path) -> None:
        for number in range(MAX_ENTRIES + 1):
            (tmp_path / f"{number}.md").touch()
        assert the_problem(tmp_path).endswith("it has 1,001 entries, and 1,000 are read at most")

    def test_a_folder_of_nothing_is_told(self, tmp_path: Path) -> None:
        assert "nothing in it has a format that can be imported" in the_problem(tmp_path)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a: &a [x, x]\nb: &b [*a, *a]\nprompt: Hi", "it has YAML aliases, which are not read"),
            ("prompt: &a Hi\nsystem: *a", "it has YAML aliases, which are not read"),
            ("prompt: Hi\nx: " + "[" * 100_000, "its YAML has more or deeper values than"),
            ("prompt: Hi\nx:\n" + "- a\n" * 30_000, "its YAML has more or deeper values than"),
            ("prompt: Hi\na: " + "1:" * 5_000 + "1", "its YAML has a number that is too long"),
            ("prompt: Hi\na: 0x" + "f" * 5_000, "its YAML has a number that is too long"),
            ("prompt: !!python/object/apply:os.mkdir [made]", "not YAML: could not determine"),
            ("prompt: Hi\n---\nprompt: Ho", "not YAML: but found another document (line 2)"),
            ("prompt: Hi\n? [a]\n: b", "not YAML: found unhashable key (line 2)"),
            ("prompt: Hi\na: !!timestamp 2020-99-99", "not YAML: month must be in 1..12"),
            ("prompt: Hi\na: !!int ''", "not YAML: "),
            ("prompt: Hi\x00", "not YAML: "),
        ],
    )
    def test_yaml_that_is_a_trap(self, tmp_path: Path, text: str, reason: str) -> None:
        problem = the_problem(write(tmp_path / "a.yaml", text))
        assert problem.startswith(f"a.yaml: {reason}")
        assert len(problem) < 200
        assert os.listdir(tmp_path) == ["a.yaml"]

    def test_dates_stay_texts(self) -> None:
        assert load_yaml("a: 2026-11-24\nb: 1\nc: yes\nd: ~") == {
            **{"a": "2026-11-24", "b": 1, "c": True, "d": None}
        }

    def test_a_name_cannot_write_keys_into_the_file(self, tmp_path: Path) -> None:
        folder = tmp_path / 'x\n[params]\nseed = 1\n"""\u2028\x1b'
        write(folder / "system.md", "Hello.")
        found = the_prompt(folder)
        file = parse_prompt(found.toml(), name=found.name, path=Path("x.toml"))
        assert file.params == {}
        assert file.title == 'X[params]seed = 1"""'
        assert '# Imported from a Fabric pattern: x [params] seed = 1 """\n' in found.toml()


@given(TRICKY)
def test_a_literal_prints_itself(text: str) -> None:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    assert environment.from_string(literal(text)).render() == text.removesuffix("\n")


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TRICKY, st.text("{}%# x", max_size=5))
def test_every_text_comes_back_when_its_prompt_is_rendered(
    tmp_path: Path, text: str, end: str
) -> None:
    prompt = NewPrompt(
        system=literal(text),
        user=f"{literal(end)}{{{{ text }}}}{literal(text)}.",
        examples=(Example(f"{text}.", f".{text}"),),
    )
    found = Imported("any", "text", "any.txt", prompt, (text,))
    rendered = fill(found, tmp_path)
    assert rendered.system == text.strip(MARGIN)
    assert rendered.user == f"{end}My text.{text}.".strip(MARGIN)
    assert rendered.examples[0][1].content == f".{text}".strip(MARGIN)


@given(TRICKY.map(lambda text: text.replace("$", "")), st.from_regex("[a-z]{1,8}", fullmatch=True))
def test_templates_of_llm_print_what_python_prints(text: str, name: str) -> None:
    source = f"a{text}${{{name}}}{text}$${name}${name} b"
    found = llm_user_template(source)
    values = {name: "V", "text": "V"}
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    shown = environment.from_string(found.prompt.user.partition("\n{% if text %}")[0])
    ours = next(iter(found.prompt.variables), "text")
    assert shown.render({ours: "V", "text": "V"}) == string.Template(source).substitute(values)


def llm_user_template(source: str) -> Imported:
    return read_template({"prompt": source}, "a", "a.yaml", "a")


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,6}x", fullmatch=True),
        st.one_of(TRICKY, st.integers(-(2**40), 2**40), st.booleans(), st.floats(-1e9, 1e9)),
        max_size=3,
    )
)
def test_variables_come_back_as_they_were_written(defaults: Mapping[str, str | float]) -> None:
    kinds = {str: "str", int: "int", bool: "bool", float: "float"}
    variables = {
        name: Variable(name, kinds[type(value)], value, description='What\n"it" is')  # type: ignore[arg-type]
        for name, value in defaults.items()
    }
    text = prompt_toml(NewPrompt(system="x", variables=variables))
    assert parse_prompt(text, name="a", path=Path("a.toml")).variables == variables
