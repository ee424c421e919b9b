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

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prospector.outreach import filters, grammar, wording
from prospector.outreach.facts import Group
from prospector.outreach.grammar import Refused

SOURCE_LIMIT = 32_000
OUTPUT_LIMIT = 64 * 1024


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
    if len(source) > SOURCE_LIMIT:
        raise Refused(1, f"a template has at most {SOURCE_LIMIT:,} characters")
    environment = _sandbox(language if language[:2] in wording.LANGUAGES else "en")
    try:
        tree = environment.parse(source)
        grammar.cost(tree)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, filters.ROUNDS, [], [], None, None, lineno=loop.lineno)
        code = environment.compile(tree)
    except Refused:
        raise
    except TemplateSyntaxError as error:
        raise Refused(error.lineno, error.message or "this is no template") from error
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        raise Refused(
            1, f"this template is too deep or too large to read ({type(error).__name__})"
        ) from error
    return Template.from_code(environment, code, {})


def run(template: Template, values: Mapping[str, object]) -> str:
    """The text that it gives. Raises `TooLong`, or what a comparison of unlike values raises."""
    chunks: list[str] = []
    size = 0
    for chunk in template.generate(values):
        size += len(chunk.encode())
        if size > OUTPUT_LIMIT:
            raise TooLong
        chunks.append(chunk)
    return "".join(chunks)
