"""What is put into a template to see what becomes of it: which facts are shown, which branches taken.

Each probe is a filter that only we can name, set around a part of the syntax tree after the grammar
has allowed it. They write into the `Reading` of the rendering, and keep loops to `LIST_LIMIT` rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import cast

from jinja2 import nodes, pass_context
from jinja2.runtime import Context

from prospector.outreach.facts import LIST_LIMIT, Group, Missing, Reading
from prospector.outreach.filters import Filter, Shown, shown
from prospector.outreach.syntax import in_words, path_of, paths_shown

READING = "the reading"
"""Under this name, which no template can write, the probes find what they write into."""
ROUNDS, SHOWN, WENT = "rounds of a loop", "a fact is shown", "a condition went"


def put_into(tree: nodes.Template) -> None:
    """Set the probes into a tree that the grammar has allowed."""
    _put(tree, {})


def _put(node: nodes.Node, loops: Mapping[str, str]) -> None:
    if isinstance(node, nodes.For):
        words = in_words(node.iter)
        inside = {**loops, getattr(node.target, "name", ""): path_of(node.iter) or words}
        for part in (*node.body, *node.else_):
            _put(part, inside)
        node.iter = _around(node.iter, ROUNDS, words)
        return
    for child in node.iter_child_nodes():
        _put(child, loops)
    if isinstance(node, nodes.If | nodes.CondExpr) and not _of_loop(node.test):
        node.test = _around(node.test, WENT, in_words(node.test))
    if isinstance(node, nodes.Output):
        node.nodes = [_seen(part, loops) for part in node.nodes]


def _of_loop(test: nodes.Node) -> bool:
    """`loop.first` goes both ways for everybody, so it tells nothing about a person."""
    return isinstance(test, nodes.Getattr) and isinstance(test.node, nodes.Name) and test.node.name == "loop"


def _seen(part: nodes.Expr, loops: Mapping[str, str]) -> nodes.Expr:
    paths = paths_shown(part, loops)
    return _around(part, SHOWN, paths[0]) if paths else part


def _around(node: nodes.Node, probe: str, word: str) -> nodes.Expr:
    told = nodes.Const(word, lineno=node.lineno)
    return nodes.Filter(cast("nodes.Expr", node), probe, [told], [], None, None, lineno=node.lineno)


def for_language(language: str) -> dict[str, Filter]:
    """The probes by name."""
    return {ROUNDS: _rounds, WENT: _went, SHOWN: pass_context(partial(_shown, language=language))}


@pass_context
def _went(context: Context, value: object, condition: str) -> bool:
    truth = bool(value)
    _reading(context).branches.add((condition, truth))
    return truth


@pass_context
def _rounds(context: Context, value: object, words: str) -> object:
    items = value[:LIST_LIMIT] if isinstance(value, tuple) else (value,) if value else ()
    _reading(context).branches.add((words, bool(items)))
    return items


def _shown(context: Context, value: object, path: str, *, language: str) -> Shown:
    text = Shown(shown(value, language))
    text.path = path
    if isinstance(value, Missing | Group):
        missing = value if isinstance(value, Missing) else value.missing()
        text.path, text.kind = missing.path, "missing" if missing.fallback is None else "fallback"
        if missing.fallback is not None:
            _reading(context).fell_back.add(missing.path)
    else:
        # A fact that was read and is not known, and yet something stands here: by `default`.
        known = _reading(context).read.get(path, True) is not None
        text.kind = "fact" if known else "fallback"
    return text


def _reading(context: Context) -> Reading:
    reading: Reading = context.parent[READING]
    return reading
