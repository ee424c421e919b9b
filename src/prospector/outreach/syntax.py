"""What stands in a template, read off its syntax tree: conditions in words, facts by their paths."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import nodes

from prospector.outreach.facts import VOCABULARY, short

_SIGNS = {
    "eq": "is",
    "ne": "is not",
    "lt": "<",
    "lteq": "≤",
    "gt": ">",
    "gteq": "≥",
    "in": "in",
    "notin": "not in",
}
LONGEST_WORDS = 120


def path_of(node: nodes.Node) -> str | None:
    """`prospect.fields.city` of `{{ prospect.fields.city }}`; None where this is no fact of ours."""
    steps: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        step = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if not isinstance(step, str):
            return None
        steps.insert(0, step)
        node = node.node
    if not isinstance(node, nodes.Name) or node.name not in VOCABULARY:
        return None
    return ".".join([node.name, *steps])


def paths_shown(node: nodes.Node, loops: Mapping[str, str] | None = None) -> list[str]:
    """The paths of the facts that an expression can show, in order; those that it only asks after
    (conditions, comparisons) are not among them. `loops` are the lists behind the loops' names."""
    if path := path_of(node):
        return [path]
    if isinstance(node, nodes.Name):
        return [found] if (found := (loops or {}).get(node.name)) else []
    if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Compare | nodes.Not):
        return []
    parts = [node.expr1, node.expr2] if isinstance(node, nodes.CondExpr) else node.iter_child_nodes()
    return [path for part in parts if part is not None for path in paths_shown(part, loops)]


def in_words(node: nodes.Node) -> str:
    """A condition as a person would say it: `title and country is DE`."""
    return _words(node)[:LONGEST_WORDS]


def _words(node: nodes.Node) -> str:
    if path := path_of(node):
        return short(path)
    match node:
        case nodes.And() | nodes.Or():
            sign = "and" if isinstance(node, nodes.And) else "or"
            words = f"{_words(node.left)} {sign} {_words(node.right)}"
        case nodes.Not():
            words = f"not {_words(node.node)}"
        case nodes.Compare():
            rest = [f"{_SIGNS.get(each.op, each.op)} {_words(each.expr)}" for each in node.ops]
            words = " ".join([_words(node.expr), *rest])
        case nodes.Filter() if node.node is not None:
            words = f"{node.name} of {_words(node.node)}"
        case nodes.Const():
            words = str(node.value)
        case nodes.Getattr():
            words = f"{_words(node.node)} {node.attr}"
        case _:
            words = str(getattr(node, "name", type(node).__name__.lower()))
    return words
