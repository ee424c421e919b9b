"""Which facts a template asks for, and for how many people each of them is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jinja2 import nodes

from prospector.outreach import sandbox
from prospector.outreach.facts import Facts, look_up, short
from prospector.outreach.naming import completed
from prospector.outreach.syntax import path_of
from prospector.outreach.template import Template


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact that a template uses. `required` where a draft without it shows a mark: it is shown
    somewhere without a default and outside of a condition on it. `has_default`: somewhere with one."""

    path: str
    required: bool = False
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class FillRate:
    """For how many of how many people a fact is known."""

    path: str
    known: int
    total: int

    def in_words(self) -> str:
        return f"{short(self.path)} {self.known} of {self.total}"


def variables(*templates: Template) -> tuple[Variable, ...]:
    """The variables of these templates together, in the order of the text. Facts about the sender are
    none: they are the same for all. Raises `Refused` for what is no template."""
    found: dict[str, Variable] = {}
    for template in templates:
        for source in (template.subject, template.body):
            for one in _uses(sandbox.tree_of(source), frozenset()):
                known = found.setdefault(one.path, Variable(one.path))
                found[one.path] = replace(
                    known,
                    required=known.required or one.required,
                    has_default=known.has_default or one.has_default,
                )
    return tuple(one for one in found.values() if not one.path.startswith("sender."))


def fill_rates(paths: Iterable[str], people: Iterable[Facts]) -> tuple[FillRate, ...]:
    """Of these facts, how many of these people have each: one pass, whatever gives the people."""
    asked = tuple(paths)
    counts, total = dict.fromkeys(asked, 0), 0
    for facts in people:
        known, total = completed(facts), total + 1
        for path in asked:
            value = look_up(known, path)
            counts[path] += value is not None and value is not False
    return tuple(FillRate(path, counts[path], total) for path in asked)


def _uses(node: nodes.Node, guards: frozenset[str]) -> list[Variable]:
    """Each use of a fact below this node; `guards` are those that are known there."""
    if path := path_of(node):
        return [Variable(path, required=path not in guards)]
    if isinstance(node, nodes.If | nodes.CondExpr):
        return _conditional(node, guards)
    if isinstance(node, nodes.For):
        return _asked(node.iter) + [use for part in (*node.body, *node.else_) for use in _uses(part, guards)]
    if isinstance(node, nodes.Filter) and node.name == "default" and node.node is not None:
        # What a default is: a constant, or another fact that has to be known in its turn.
        first = [Variable(use.path, has_default=True) for use in _uses(node.node, guards)]
        return first + [use for part in node.args for use in _uses(part, guards)]
    if isinstance(node, nodes.Compare | nodes.Not):
        return _asked(node)
    return [use for part in node.iter_child_nodes() for use in _uses(part, guards)]


def _conditional(node: nodes.If | nodes.CondExpr, guards: frozenset[str]) -> list[Variable]:
    inside = guards | _known_if(node.test)
    if isinstance(node, nodes.CondExpr):
        yes: list[nodes.Node] = [node.expr1]
        no: list[nodes.Node] = [node.expr2] if node.expr2 is not None else []
    else:
        yes, no = node.body, [*node.elif_, *node.else_]
    found = _asked(node.test)
    found += [use for part in yes for use in _uses(part, inside)]
    return found + [use for part in no for use in _uses(part, guards)]


def _asked(node: nodes.Node) -> list[Variable]:
    """Facts that are only asked after: without them a condition is false, and no mark appears."""
    if path := path_of(node):
        return [Variable(path)]
    return [use for part in node.iter_child_nodes() for use in _asked(part)]


def _known_if(test: nodes.Node) -> frozenset[str]:
    """The facts that are known where this condition is true."""
    if path := path_of(test):
        return frozenset({path})
    if isinstance(test, nodes.And):
        return _known_if(test.left) | _known_if(test.right)
    if isinstance(test, nodes.Or):
        return _known_if(test.left) & _known_if(test.right)
    if isinstance(test, nodes.Compare) and all(each.op not in ("ne", "notin") for each in test.ops):
        return _known_if(test.expr)  # A missing fact compares with nothing.
    return frozenset()
