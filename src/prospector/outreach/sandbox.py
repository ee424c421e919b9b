"""Templates made ready to run: parsed, held against the grammar, compiled once, kept.

Why in this process and not in a worker of its own: docs/decisions/0001-rendering-in-process.md.
The bounds, with S the source (at most `SOURCE_LIMIT` characters), all of them held before or
while a template runs:

- work: every loop goes over at most 100 items and its body is priced 100 times; a template whose
  price exceeds `grammar.MOST_WORK` is refused. A point stands for one node visited, which reads
  at most 10,000 characters (filters and `in` cost 100 points), 0.4 s in the worst
  of those that were tried;
- memory: no value and no result of a filter is longer than 10,000 characters, lists have at most
  100 items, and nothing can be kept (no assignment, no macro): a few MB at most;
- output: text comes in chunks, each a piece of S or one value, and the loop that collects them
  stops at `OUTPUT_LIMIT` bytes: at most OUTPUT_LIMIT + max(S, 10,000) characters ever exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prospector.outreach import filters, grammar, probes, wording
from prospector.outreach.facts import Group, Reading
from prospector.outreach.fault import CLOSING, unclosed
from prospector.outreach.grammar import Refused

SOURCE_LIMIT = 32_000
OUTPUT_LIMIT = 64 * 1024
_QUOTED = re.compile(r"'([^'\n]{1,80})'")
# What Jinja and Python's compiler raise on nonsense. `TemplateSyntaxError` is none of these.
_TOO_MUCH = (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError)


class TooLong(Exception):
    """The text grows past 64 KB; shorten the template or the facts that it uses."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without globals, tests or foreign filters, whose only objects with parts are facts."""

    def __init__(self, language: str) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=partial(filters.shown, language=language),
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        self.tests.clear()
        self.filters.clear()
        self.filters.update(filters.for_language(language))
        self.filters.update(probes.for_language(language))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Group):
            return obj.get(attribute)
        if attribute in grammar.LOOP_FACTS and isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        raise SecurityError(f"`{attribute}` is not a fact")

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, str(argument))


@lru_cache(maxsize=16)
def _sandbox(language: str) -> Sandbox:
    return Sandbox(language)


@lru_cache(maxsize=1024)
def compiled(source: str, language: str = "en") -> Template:
    """The template behind this text, compiled once for each text. Raises `Refused`."""
    environment = _sandbox(language if language[:2] in wording.LANGUAGES else "en")
    tree = tree_of(source)
    try:
        for refused in grammar.refusals(tree):
            raise refused
        probes.put_into(tree)
        code = environment.compile(tree)
    except _TOO_MUCH as error:
        raise _too_much(error) from error
    return Template.from_code(environment, code, {})


def refusals(source: str, language: str = "en") -> list[Refused]:
    """All that is wrong with this template, in its order; none where it can be compiled."""
    try:
        if found := grammar.refusals(tree_of(source)):
            return sorted(found, key=lambda refused: refused.line)
        compiled(source, language)
    except Refused as error:
        return [error]
    except _TOO_MUCH as error:
        return [_too_much(error)]
    return []


def _no_template(error: TemplateSyntaxError, source: str) -> Refused:
    """Jinja gives the line on which it gave up: for what is never closed, that is the last one."""
    message = error.message or "this is no template"
    line, words = unclosed(source)
    if line and ("end of template" in message.casefold() or ("}}" not in words and words.startswith("{{"))):
        return Refused(line, _never_closed(words), words)
    return Refused(error.lineno, message, "\n".join(_QUOTED.findall(message)))


def _never_closed(words: str) -> str:
    block = re.match(r"\{%-?\s*(if|for)\b[^%]*%\}", words)
    if block is not None:
        return f"this `{{% {block[1]} %}}` is never closed; write {{% end{block[1]} %}} where it ends"
    opening = words[:2]
    return f"this `{opening}` is never closed; write {CLOSING[opening]} after it"


def _too_much(error: Exception) -> Refused:
    return Refused(1, f"this template is too deep or too large to read ({type(error).__name__})")


def tree_of(source: str) -> nodes.Template:
    """The syntax tree of a template, as it was written. Raises `Refused`."""
    if len(source) > SOURCE_LIMIT:
        raise Refused(1, f"a template has at most {SOURCE_LIMIT:,} characters")
    try:
        return _sandbox("en").parse(source)
    except TemplateSyntaxError as error:
        raise _no_template(error, source) from error
    except _TOO_MUCH as error:
        raise _too_much(error) from error


def parts(template: Template, reading: Reading) -> Iterator[str]:
    """The text that it gives, part by part; those that come of facts are `filters.Shown`.
    Raises `TooLong`, or what a comparison of unlike values raises."""
    size = 0
    # As `generate` does, without the layer that mends tracebacks: nobody sees those of a template.
    context = template.new_context({**reading.groups(), probes.READING: reading}, shared=True)
    for part in template.root_render_func(context):
        size += len(part) if part.isascii() else len(part.encode())
        if size > OUTPUT_LIMIT:
            raise TooLong
        yield part


def run(template: Template, reading: Reading) -> str:
    """The text that it gives. Raises as `parts` does."""
    return "".join(parts(template, reading))
