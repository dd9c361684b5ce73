"""Small chat templates, one for each shape that model families have, and a vocabulary for them.

Each does what its family is known for in the fewest words: where the system text goes, what it
refuses, what it trims or takes out, how it switches and opens reasoning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.types import Message

SYSTEM = Message("system", "Be brief.")
TURNS = (SYSTEM, Message("user", "Hi"), Message("assistant", "Hello."), Message("user", "Bye"))


class FakeVocabulary:
    """A token for each marker, and one for each character of everything else."""

    def __init__(
        self, markers: str, *, user_defined: str = "", bos: str = "", wants_bos: bool = False
    ) -> None:
        """Name the markers.

        Args:
            markers: Control tokens, with spaces between.
            user_defined: Tokens that any text is searched for, the same way.
            bos: The control token that begins a sequence.
            wants_bos: Whether the model is to get it in front of every prompt.
        """
        controls = [*markers.split(), *([bos] if bos else [])]
        self._texts = list(dict.fromkeys([*controls, *user_defined.split()]))
        self._controls = frozenset(controls)
        self._bos = bos
        self._wants_bos = wants_bos

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        known = [text for text in self._texts if special or text not in self._controls]
        words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
        pattern = re.compile(f"({words})" if words else r"(?!)")
        return [
            token
            for piece in pattern.split(text)
            for token in (
                [self._texts.index(piece)]
                if piece in known
                else [len(self._texts) + ord(character) for character in piece]
            )
        ]

    def token_text(self, token: int) -> str:
        known = len(self._texts)
        return self._texts[token] if token < known else chr(token - known)

    def is_control(self, token: int) -> bool:
        return self.token_text(token) in self._controls

    def is_user_defined(self, token: int) -> bool:
        return token < len(self._texts) and not self.is_control(token)

    def special_text(self, name: str) -> str:
        return {"bos": self._bos, "eos": self._texts[0]}[name]

    @property
    def bos(self) -> int | None:
        return self._texts.index(self._bos) if self._wants_bos else None

    def text(self, tokens: list[int]) -> str:
        """What the tokens say, markers as they are written."""
        return "".join(map(self.token_text, tokens))

    def markers(self, tokens: list[int]) -> list[str]:
        """The markers among the tokens."""
        return [self.token_text(token) for token in tokens if token < len(self._texts)]


@dataclass(frozen=True)
class Family:
    """A template, its vocabulary, and what it makes of `TURNS`."""

    template: str
    vocabulary: FakeVocabulary
    rendering: str


_STOP_UNLESS_ALTERNATING = (
    "{% for m in turns %}{% if (loop.index is odd) != (m.role == 'user') %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}"
)
_TAKE_SYSTEM = (
    "{% set turns = messages %}{% set system = '' %}"
    "{% if messages[0].role == 'system' %}"
    "{% set turns = messages[1:] %}{% set system = messages[0]['content'] %}{% endif %}"
)
_ASIDE = (
    "{% macro spoken(m) %}{{ m.content.split('</think>')[-1].lstrip('\\n') "
    "if m.role == 'assistant' else m.content }}{% endmacro %}"
)

CHATML = Family(
    "{% for m in messages %}"
    "{% if loop.first and m.role != 'system' %}<|im_start|>system\nBe good.<|im_end|>\n{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' if add_generation_prompt }}",
    FakeVocabulary("<|im_end|> <|im_start|> <|endoftext|>"),
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
    "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n"
    "<|im_start|>assistant\n",
)

QWEN3 = Family(
    _ASIDE + "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ spoken(m) }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n"
    "{% endif %}{% endif %}",
    FakeVocabulary("<|im_end|> <|im_start|>", user_defined="<think> </think>"),
    CHATML.rendering,
)

THINKING_ALWAYS = Family(
    _ASIDE + "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ spoken(m) }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}",
    FakeVocabulary("<|im_end|> <|im_start|> <think> </think>"),
    CHATML.rendering + "<think>\n",
)

LLAMA2 = Family(
    _TAKE_SYSTEM + _STOP_UNLESS_ALTERNATING + "{% for m in turns %}"
    "{% if m.role == 'user' %}{{ bos_token }}[INST] "
    "{% if loop.first and system %}<<SYS>>\n{{ system }}\n<</SYS>>\n\n{% endif %}"
    "{{ m.content.strip() }} [/INST]"
    "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    FakeVocabulary("</s>", bos="<s>", wants_bos=True),
    "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Bye [/INST]",
)

LLAMA3 = Family(
    "{{ bos_token }}{% if not date_string is defined %}{% set date_string = '26 Jul 2024' %}"
    "{% endif %}{% if tools is not none %}{{ raise_exception('tools?') }}{% endif %}"
    + _TAKE_SYSTEM
    + "<|start_header_id|>system<|end_header_id|>\n\nToday: {{ date_string }}\n\n"
    "{{ system | trim }}<|eot_id|>{% for m in turns %}"
    "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>"
    "{% endfor %}{% if add_generation_prompt %}"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{{ '' }}{% endif %}",
    FakeVocabulary(
        "<|eot_id|> <|start_header_id|> <|end_header_id|>",
        bos="<|begin_of_text|>",
        wants_bos=True,
    ),
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nToday: 26 Jul 2024\n\n"
    "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
)

LLAMA4 = Family(
    "{{ bos_token }}{% for m in messages %}<|header_start|>{{ m.role }}<|header_end|>\n\n"
    "{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for part in m.content %}{{ part.text if part.type == 'text' else '<|image|>' }}"
    "{% endfor %}{% endif %}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|header_start|>assistant<|header_end|>\n\n{{ '' }}{% endif %}",
    FakeVocabulary("<|eot|> <|header_start|> <|header_end|> <|image|>", bos="<|begin_of_text|>"),
    "<|begin_of_text|><|header_start|>system<|header_end|>\n\nBe brief.<|eot|>"
    "<|header_start|>user<|header_end|>\n\nHi<|eot|>"
    "<|header_start|>assistant<|header_end|>\n\nHello.<|eot|>"
    "<|header_start|>user<|header_end|>\n\nBye<|eot|><|header_start|>assistant<|header_end|>\n\n",
)

_MISTRAL_MARKERS = "</s> [INST] [/INST] [SYSTEM_PROMPT] [/SYSTEM_PROMPT]"

MISTRAL_V1 = Family(
    "{{ bos_token }}{% set turns = messages %}{% for m in messages if m.role == 'system' %}"
    "{{ raise_exception('only user and assistant roles are supported') }}{% endfor %}"
    + _STOP_UNLESS_ALTERNATING
    + "{% for m in messages %}{% if m.role == 'user' %}{{ ' [INST] ' ~ m.content ~ ' [/INST]' }}"
    "{% else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}{% endfor %}",
    FakeVocabulary("</s>", bos="<s>", wants_bos=True),
    "<s> [INST] Be brief.\n\nHi [/INST] Hello.</s> [INST] Bye [/INST]",
)

MISTRAL_V3 = Family(
    "{{ bos_token }}" + _TAKE_SYSTEM + _STOP_UNLESS_ALTERNATING + "{% for m in turns %}"
    "{% if m.role == 'user' %}[INST]{% if loop.last and system %}{{ system + '\n\n' }}{% endif %}"
    "{{ m.content }}[/INST]{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
    FakeVocabulary(_MISTRAL_MARKERS, bos="<s>", wants_bos=True),
    "<s>[INST]Hi[/INST]Hello.</s>[INST]Be brief.\n\nBye[/INST]",
)

MISTRAL_V7 = Family(
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}"
    "[SYSTEM_PROMPT]{{ m.content }}[/SYSTEM_PROMPT]{% elif m.role == 'user' %}"
    "[INST]{{ m.content }}[/INST]{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}",
    FakeVocabulary(_MISTRAL_MARKERS, bos="<s>", wants_bos=True),
    "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello.</s>[INST]Bye[/INST]",
)

MAGISTRAL = Family(
    MISTRAL_V7.template.replace(
        "{{ bos_token }}",
        "{{ bos_token }}{% if messages[0].role != 'system' %}[SYSTEM_PROMPT]Think like this: "
        "[THINK]your thoughts[/THINK]then answer.[/SYSTEM_PROMPT]{% endif %}",
    ),
    FakeVocabulary(f"{_MISTRAL_MARKERS} [THINK] [/THINK]", bos="<s>", wants_bos=True),
    MISTRAL_V7.rendering,
)

_GEMMA_TURNS = (
    "{% for m in turns %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ (opening if loop.first else '') + m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)

GEMMA2 = Family(
    "{{ bos_token }}{% set turns = messages %}{% set opening = '' %}"
    "{% if messages[0].role == 'system' %}{{ raise_exception('system role not supported') }}"
    "{% endif %}" + _STOP_UNLESS_ALTERNATING + _GEMMA_TURNS,
    FakeVocabulary("<eos> <start_of_turn> <end_of_turn>", bos="<bos>", wants_bos=True),
    "<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n"
    "Hello.<end_of_turn>\n<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n",
)

GEMMA3 = Family(
    "{{ bos_token }}" + _TAKE_SYSTEM + _STOP_UNLESS_ALTERNATING + "{% set opening = system + '\n\n'"
    " if system else '' %}" + _GEMMA_TURNS,
    GEMMA2.vocabulary,
    GEMMA2.rendering,
)

GEMMA4 = Family(
    "{{ bos_token }}{% for m in messages %}"
    "<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{% set words = m.content.split('<channel|>') | last if m.role == 'assistant' else m.content %}"
    "{{ words | trim }}<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n"
    "{% if not enable_thinking %}<|channel>thought\n<channel|>{% endif %}{% endif %}",
    FakeVocabulary("<turn|> <|turn> <|channel> <channel|>", bos="<bos>", wants_bos=True),
    "<bos><|turn>system\nBe brief.<turn|>\n<|turn>user\nHi<turn|>\n<|turn>model\nHello.<turn|>\n"
    "<|turn>user\nBye<turn|>\n<|turn>model\n<|channel>thought\n<channel|>",
)

PHI3 = Family(
    "{% for m in messages %}{% if m.role == 'user' %}<|user|>\n{{ m.content }}<|end|>\n"
    "{% elif m.role == 'assistant' %}<|assistant|>\n{{ m.content }}<|end|>\n{% endif %}{% endfor %}"
    "{{ '<|assistant|>\n' }}",
    FakeVocabulary("<|end|> <|user|> <|assistant|>", bos="<s>", wants_bos=True),
    "<s><|user|>\nBe brief.\n\nHi<|end|>\n<|assistant|>\nHello.<|end|>\n<|user|>\nBye<|end|>\n"
    "<|assistant|>\n",
)

PHI4_MINI = Family(
    "{% if messages[0].role == 'system' %}<|system|>{{ messages[0].content }}"
    "{% if tools is defined %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}{% endif %}"
    "<|end|>{% endif %}{% for m in messages if m.role != 'system' %}"
    "<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{{ '<|assistant|>' if add_generation_prompt else eos_token }}",
    FakeVocabulary("<|end|> <|system|> <|user|> <|assistant|>"),
    "<|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello.<|end|><|user|>Bye<|end|>"
    "<|assistant|>",
)

DEEPSEEK = Family(
    "{{ bos_token }}{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    "{% for m in messages if m.role == 'system' %}{{ m.content }}{% endfor %}"
    "{% for m in messages %}{% if m.role == 'user' %}<｜User｜>{{ m.content }}"
    "{% elif m.role == 'assistant' %}<｜Assistant｜></think>"
    "{{ m.content.split('</think>') | last }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<｜Assistant｜>"
    "{{ '<think>' if thinking else '</think>' }}{% endif %}",
    FakeVocabulary(
        "<｜end▁of▁sentence｜> <｜User｜> <｜Assistant｜>",
        user_defined="<think> </think>",
        bos="<｜begin▁of▁sentence｜>",
        wants_bos=True,
    ),
    "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜></think>Hello.<｜end▁of▁sentence｜>"
    "<｜User｜>Bye<｜Assistant｜></think>",
)

GRANITE = Family(
    _TAKE_SYSTEM + "{% if not system %}{% set system = 'You are kind.' %}{% endif %}"
    "{% if thinking %}{% set system = system + ' Think: <think>…</think><response>…</response>' %}"
    "{% endif %}<|start_of_role|>system<|end_of_role|>{{ system }}<|end_of_text|>\n"
    "{% for m in turns %}<|start_of_role|>{{ m.role }}<|end_of_role|>{{ m.content }}"
    "<|end_of_text|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %}",
    FakeVocabulary("<|end_of_text|> <|start_of_role|> <|end_of_role|>"),
    "<|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
    "<|start_of_role|>assistant<|end_of_role|>Hello.<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>Bye<|end_of_text|>\n"
    "<|start_of_role|>assistant<|end_of_role|>",
)

COMMAND_R = Family(
    "{{ bos_token }}{% for m in messages %}<|START_OF_TURN_TOKEN|>{% if m.role == 'assistant' %}"
    "<|CHATBOT_TOKEN|><|START_RESPONSE|>{{ m.content }}<|END_RESPONSE|>{% else %}"
    "<|{{ m.role | upper }}_TOKEN|>{{ m.content }}{% endif %}<|END_OF_TURN_TOKEN|>{% endfor %}"
    "{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
    "{% if not enable_thinking %}<|START_THINKING|><|END_THINKING|>{% endif %}{% endif %}",
    FakeVocabulary(
        "<|END_OF_TURN_TOKEN|> <|START_OF_TURN_TOKEN|> <|CHATBOT_TOKEN|> <|USER_TOKEN|> "
        "<|SYSTEM_TOKEN|> <|START_THINKING|> <|END_THINKING|> <|START_RESPONSE|> <|END_RESPONSE|>",
        bos="<BOS_TOKEN>",
        wants_bos=True,
    ),
    "<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>Hello.<|END_RESPONSE|>"
    "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_THINKING|><|END_THINKING|>",
)

GLM = Family(
    "[gMASK]<sop>{% if tools %}{{ tools | tojson(ensure_ascii=False) }}{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>\n"
    "{% if m.role == 'assistant' %}<think></think>\n"
    "{{ m.content.split('</think>')[-1].strip() }}"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>\n"
    "{{ '<think></think>' if enable_thinking is defined and not enable_thinking }}{% endif %}",
    FakeVocabulary(
        "<|user|> <|assistant|> <|system|> [gMASK] <sop>", user_defined="<think> </think>"
    ),
    "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHi<|assistant|>\n<think></think>\nHello."
    "<|user|>\nBye<|assistant|>\n",
)

HARMONY = Family(
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort | default('medium') }}<|end|>"
    + _TAKE_SYSTEM
    + "{% if system %}<|start|>developer<|message|>{{ system }}<|end|>{% endif %}"
    "{% for m in turns %}{% if m.role == 'assistant' %}"
    "{% if '<|channel|>' in m.content %}{{ raise_exception('no channels in contents') }}{% endif %}"
    "<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>"
    "{% elif m.role == 'user' %}<|start|>user<|message|>{{ m.content }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}",
    FakeVocabulary("<|return|> <|start|> <|channel|> <|message|> <|end|>"),
    "<|start|>system<|message|>Reasoning: medium<|end|>"
    "<|start|>developer<|message|>Be brief.<|end|><|start|>user<|message|>Hi<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Hello.<|end|>"
    "<|start|>user<|message|>Bye<|end|><|start|>assistant",
)

SMOLLM3 = Family(
    _TAKE_SYSTEM + "{% if enable_thinking is not defined %}{% set enable_thinking = true %}"
    "{% endif %}{% set mode = '/think' if enable_thinking else '/no_think' %}"
    "{% if '/no_think' in system %}{% set mode = '/no_think' %}{% endif %}"
    "<|im_start|>system\nMode: {{ mode }}\n{{ system.replace('/no_think', '').rstrip() }}"
    "<|im_end|>\n{% for m in turns %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}<|im_end|>\n{% endgeneration %}"
    "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{{ '<think>\n\n</think>\n' if mode == '/no_think' }}{% endif %}",
    FakeVocabulary("<|im_end|> <|im_start|>", user_defined="<think> </think>"),
    CHATML.rendering.replace("Be brief.", "Mode: /think\nBe brief."),
)

LFM2 = Family(
    "{{ bos_token }}{% set keep = keep_past_thinking | default(false) %}{% for m in messages %}"
    "{% set words = m['content'] %}{% if m.role == 'assistant' and not keep and '</think>' in words"
    " %}{% set words = (words.split('</think>') | last).strip() %}{% endif %}"
    "{{ '<|im_start|>' ~ m.role ~ '\n' ~ words ~ '<|im_end|>\n' }}{% endfor %}"
    "{{- '<|im_start|>assistant\n' if add_generation_prompt -}}",
    FakeVocabulary("<|im_end|> <|im_start|>", bos="<|startoftext|>", wants_bos=True),
    "<|startoftext|>" + CHATML.rendering,
)

SEED = Family(
    "{% for m in messages %}{{ bos_token }}{{ m.role }}\n{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ bos_token }}assistant\n{% if thinking_budget == 0 %}"
    "<seed:think></seed:think>{% endif %}{% endif %}",
    FakeVocabulary("<seed:eos> <seed:think> </seed:think>", bos="<seed:bos>"),
    "<seed:bos>system\nBe brief.<seed:eos><seed:bos>user\nHi<seed:eos>"
    "<seed:bos>assistant\nHello.<seed:eos><seed:bos>user\nBye<seed:eos><seed:bos>assistant\n",
)

FAMILIES = {
    name.lower(): value for name, value in list(globals().items()) if isinstance(value, Family)
}
