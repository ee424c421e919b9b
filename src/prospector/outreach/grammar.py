"""What a template may say: an allow-list of Jinja's syntax, and a price for each part of it.

Everything that is not named here is refused before anything is compiled. What is left has no
arithmetic, no calls, no assignment and no unbounded loop, so the work of a template can be
counted without running it (`cost`), and one that could do too much is refused as well.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jinja2 import nodes

from prospector.outreach.facts import LIST_LIMIT, VOCABULARY
from prospector.outreach.filters import ARGUMENTS, DATE_STYLES

MOST_WORK = 200_000
"""The highest price of a template; one point stands for about a microsecond."""
FILTER_PRICE = 100
"""What a filter costs, or a search by `in`: it may have to read 10,000 characters."""
DEEPEST = 24
LONGEST_CONSTANT = 1_000
GREATEST_NUMBER = 1_000_000
LOOP_FACTS = frozenset({"first", "last", "index", "length"})

_WHY = {
    "Call": "calls are not allowed; facts are used by name, as in {{ prospect.first_name }}",
    "Include": 'write {{ snippet("name") }} to paste a text from templates/snippets',
    "Import": 'write {{ snippet("name") }} to paste a text from templates/snippets',
    "FromImport": 'write {{ snippet("name") }} to paste a text from templates/snippets',
    "Extends": 'write {{ snippet("name") }} to paste a text from templates/snippets',
    "Test": "write {% if prospect.title %}: it is false where the fact is missing",
    "Concat": "write the parts beside each other instead of joining them with ~",
}


# By what each of them is found in its line, where that is not its name.
_SIGNS = {
    **{"Call": "(", "Test": "is", "Concat": "~", "FromImport": "from", "CallBlock": "call", "Tuple": "("},
    **{"Assign": "set", "AssignBlock": "set", "FilterBlock": "filter", "List": "[", "Dict": "{", "Add": "+"},
    **{"Sub": "-", "Neg": "-", "Mul": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**"},
}


class Refused(Exception):
    """This template is not allowed; the message says why, `line` (from 1) where, and `words` which
    words of that line are meant (alternatives on lines of their own)."""

    def __init__(self, line: int, message: str, words: str = "") -> None:
        super().__init__(message)
        self.line, self.words = line, words


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: how deep, and which loop variables are known there; `found` collects what
    is refused on the way."""

    found: list[Refused]
    depth: int = 0
    loops: frozenset[str] = frozenset()

    def below(self, *names: str) -> _Place:
        return _Place(self.found, self.depth + 1, self.loops | set(names))


def refusals(tree: nodes.Template) -> list[Refused]:
    """All that is not allowed in this template, in its order; none where it may be compiled."""
    found: list[Refused] = []
    price = _priced(tree, _Place(found))
    if price > MOST_WORK and not found:
        found.append(
            Refused(
                1, "this template could work for too long: use fewer loops inside loops, and fewer filters"
            )
        )
    return found


def _priced(node: nodes.Node, place: _Place) -> int:
    """The price of a part; what is refused is worth nothing, and the walk goes on beside it."""
    try:
        return _cost(node, place)
    except Refused as error:
        place.found.append(error)
        return 0


def _cost(node: nodes.Node, place: _Place) -> int:
    rule = _RULES.get(type(node))
    if rule is None:
        name = type(node).__name__
        why = _WHY.get(name, f"`{name.lower()}` is not allowed in a template")
        raise Refused(node.lineno or 1, why, _SIGNS.get(name, name.lower()))
    if place.depth > DEEPEST:
        raise Refused(node.lineno or 1, f"this is nested more than {DEEPEST} deep")
    return 1 + rule(node, place)


def _all(parts: Iterable[nodes.Node], place: _Place) -> int:
    return sum(_priced(part, place.below()) for part in parts)


def _children(node: nodes.Node, place: _Place) -> int:
    return _all(node.iter_child_nodes(), place)


def _text(node: nodes.TemplateData, place: _Place) -> int:
    return len(node.data) // 1_000


def _constant(node: nodes.Const, place: _Place) -> int:
    value = node.value
    if isinstance(value, str):
        if len(value) > LONGEST_CONSTANT or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Refused(node.lineno, f"a text in quotes has at most {LONGEST_CONSTANT} whole characters")
    elif not (value is None or (isinstance(value, bool | int | float) and abs(value) <= GREATEST_NUMBER)):
        raise Refused(node.lineno, f"a number may be at most {GREATEST_NUMBER:,}")
    return 0


def _name(node: nodes.Name, place: _Place) -> int:
    if node.ctx != "load":
        raise Refused(node.lineno, "values cannot be set in a template", node.name)
    if node.name not in VOCABULARY and (node.name not in place.loops or node.name == "loop"):
        raise Refused(node.lineno, _unknown(node.name, [*VOCABULARY, *place.loops]), node.name)
    return 0


def _path(node: nodes.Node, place: _Place) -> int:
    """`prospect.title`, `prospect.fields.city`, `prospect.fields["Lead source"]`, `loop.last`."""
    steps: list[str] = []
    inner: nodes.Node = node
    while isinstance(inner, nodes.Getattr | nodes.Getitem) and len(steps) < 4:
        steps.insert(0, _step(inner))
        inner = inner.node
    if not isinstance(inner, nodes.Name):
        raise Refused(node.lineno, "only facts have parts, as in {{ prospect.first_name }}")
    _check_path(inner.name, steps, node.lineno, place)
    return len(steps)


def _step(node: nodes.Getattr | nodes.Getitem) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and len(node.arg.value) <= 200:
        return node.arg.value
    raise Refused(
        node.lineno, 'brackets hold the name of a field, as in {{ prospect.fields["Lead source"] }}'
    )


def _check_path(root: str, steps: list[str], line: int, place: _Place) -> None:
    if root == "loop" and "loop" in place.loops:
        allowed: frozenset[str] = LOOP_FACTS
    elif root in VOCABULARY:
        allowed = VOCABULARY[root]
    else:
        raise Refused(line, _unknown(root, list(VOCABULARY)), root)
    if steps[0] not in allowed:
        raise Refused(line, f"{root} has no `{steps[0]}`{_near(steps[0], sorted(allowed))}", steps[0])
    if len(steps) > (2 if steps[0] == "fields" else 1) or any(step.startswith("_") for step in steps):
        path = ".".join([root, *steps])
        raise Refused(line, f"`{path}` goes too deep: these facts are plain texts", f"{path}\n{root}")


def _unknown(name: str, known: list[str]) -> str:
    return f"there is no `{name}`{_near(name, known)}. There are {', '.join(sorted(VOCABULARY))}"


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _filter(node: nodes.Filter, place: _Place) -> int:
    if node.name not in ARGUMENTS or node.node is None:
        near = _near(node.name, list(ARGUMENTS))
        raise Refused(
            node.lineno,
            f"there is no filter `{node.name}`{near}. There are {', '.join(ARGUMENTS)}",
            node.name,
        )
    least, most = ARGUMENTS[node.name]
    if not least <= len(node.args) <= most or node.kwargs or node.dyn_args or node.dyn_kwargs:
        count = str(least) if least == most else f"{least} to {most}"
        raise Refused(node.lineno, f"the filter `{node.name}` takes {count} plain arguments", node.name)
    _check_arguments(node)
    return FILTER_PRICE + _all([node.node, *node.args], place)


def _check_arguments(node: nodes.Filter) -> None:
    values = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
    if node.name == "default" or not node.args:
        return
    if node.name == "truncate" and not (values and type(values[0]) is int and values[0] > 0):
        raise Refused(node.lineno, "`truncate` takes a number of characters, as in truncate(80)", "truncate")
    if node.name == "date" and (not values or values[0] not in DATE_STYLES):
        styles = ", ".join(DATE_STYLES)
        raise Refused(node.lineno, f'`date` takes one of {styles}, as in date("weekday")', "date")
    if node.name == "join" and not (values and isinstance(values[0], str)):
        raise Refused(node.lineno, '`join` takes a text in quotes, as in join(" and ")', "join")


def _compare(node: nodes.Compare, place: _Place) -> int:
    searches = sum(operand.op in ("in", "notin") for operand in node.ops)
    return FILTER_PRICE * searches + _children(node, place)


def _condition(node: nodes.CondExpr, place: _Place) -> int:
    if node.expr2 is None:
        raise Refused(node.lineno, "say what stands there otherwise: {{ a if b else c }}")
    return _children(node, place)


def _loop(node: nodes.For, place: _Place) -> int:
    if node.recursive or node.test is not None:
        raise Refused(node.lineno, "a loop is only {% for tag in prospect.tags %} … {% endfor %}")
    if not isinstance(node.target, nodes.Name) or node.target.name in {*VOCABULARY, *place.loops, "loop"}:
        raise Refused(
            node.lineno, "a loop gives each item one new name, as in {% for tag in prospect.tags %}"
        )
    if not isinstance(node.iter, nodes.Getattr | nodes.Getitem):
        raise Refused(node.lineno, "a loop goes over a list of ours, as in {% for tag in prospect.tags %}")
    inside = place.below(node.target.name, "loop")
    once = sum(_priced(part, inside) for part in node.body)
    return _priced(node.iter, place.below()) + LIST_LIMIT * (1 + once) + _all(node.else_, place)


_RULES: dict[type[nodes.Node], Callable[..., int]] = {
    nodes.Template: _children,
    nodes.Output: _children,
    nodes.TemplateData: _text,
    nodes.Const: _constant,
    nodes.Name: _name,
    nodes.Getattr: _path,
    nodes.Getitem: _path,
    nodes.If: _children,
    nodes.For: _loop,
    nodes.CondExpr: _condition,
    nodes.Compare: _compare,
    nodes.Operand: _children,
    nodes.And: _children,
    nodes.Or: _children,
    nodes.Not: _children,
    nodes.Filter: _filter,
}
