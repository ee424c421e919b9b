"""One condition of a rule, read from its table: exactly one of six forms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from prospector.rules.ruleset import (
    FIELD_TESTS,
    Absence,
    By,
    Condition,
    Count,
    Distinct,
    Field,
    FieldTest,
    InStage,
    Score,
    Since,
)
from prospector.rules.tables import Table, shown
from prospector.rules.vocabulary import BY_HAND_KINDS, KINDS, LISTS

FORMS = ("kind", "points_at_least", "points_below", "no", "in_stage_for", "field")


def condition(table: Table, channels: Collection[str] | None) -> Condition | None:
    """The condition that `table` describes; None if it is too broken to say (the notes tell why)."""
    forms = [form for form in FORMS if form in table]
    if len(forms) != 1:
        named = " and ".join(forms) or "none"
        table.error(None, f"needs exactly one of {', '.join(FORMS)}; it has {named}")
        return None
    read: Condition | None
    if forms[0] == "kind":
        read = _count(table, channels)
    elif forms[0] == "no":
        read = _absence(table, channels)
    elif forms[0] == "in_stage_for":
        lasting = table.duration("in_stage_for")
        read = None if lasting is None else InStage(lasting)
    elif forms[0] == "field":
        read = field_condition(table)
    else:
        points = table.number(forms[0], 0)
        read = None if points is None else Score(points, below=forms[0] == "points_below")
    table.finish()
    return read


def field_condition(table: Table) -> Field | None:
    """The test of a field, of a rule or of the fit table; the caller asks for the other keys."""
    name = table.text("field")
    tests: list[FieldTest] = [test for test in FIELD_TESTS if test in table]
    if name is None:
        if "field" not in table:
            table.error(None, 'needs field = ".."')
        return None
    if len(tests) != 1:
        table.error(None, f"field needs exactly one of {', '.join(FIELD_TESTS)}")
        for test in tests:
            table.value(test)
        return None
    value = _field_value(table, tests[0])
    return None if value is None else Field(name, tests[0], value)


def _field_value(table: Table, test: FieldTest) -> Any:
    if test in ("at_least", "at_most"):
        return table.number(test)
    if test == "matches_list":
        return table.text(test, LISTS, "list")
    value = table.value(test)
    if test == "in":
        good = isinstance(value, list) and bool(value) and all(_plain(item) for item in value)
        value = tuple(value) if good else None
    elif not _plain(value):
        value = None
    if value is None:
        wanted = "a list of texts or numbers" if test == "in" else "a text, a whole number, true or false"
        table.error(test, f"must be {wanted}, not {shown(table.content[test])}")
    return value


def _plain(value: object) -> bool:
    return isinstance(value, str | int)


def _count(table: Table, channels: Collection[str] | None) -> Count | None:
    at_least, at_most = table.number("at_least", 0), table.number("at_most", 0)
    if at_least is None:
        at_least = 0 if "at_most" in table and "at_least" not in table else 1
    if at_most is not None and at_most < at_least:
        table.error("at_most", f"is below at_least ({at_least}), so this is never true")
    return Count(
        kinds=table.names("kind", KINDS, "kind") or (),
        by=cast("By", table.text("by", ("them", "us", "any"), "side") or _side(table, "kind")),
        channels=table.names("channel", channels, "channel"),
        at_least=at_least,
        at_most=at_most,
        within=table.duration("within"),
        since_stage=table.text("since", ("stage",), "start") is not None,
        distinct=cast("Distinct | None", table.text("distinct", ("post", "day", "channel"), "thing")),
    )


def _side(table: Table, key: str) -> By:
    kinds = table.content[key]
    if isinstance(kinds, list) and kinds and all(kind in BY_HAND_KINDS for kind in kinds):
        table.error(key, 'is what a person of ours does by hand; add by = "us"')
    return "them"


def _absence(table: Table, channels: Collection[str] | None) -> Absence | None:
    lasting = table.duration("for")
    if lasting is None and "for" not in table:
        table.error(None, 'needs for = "..": how long nothing may have come')
    since = table.text("since", ("stage", "ours"), "start") or "stage"
    if "after_kind" in table and since != "ours":
        table.error("after_kind", 'needs since = "ours"')
    return Absence(
        kinds=table.names("no", KINDS, "kind") or (),
        lasting=lasting or 0,
        since=cast("Since", since),
        by=cast("By", table.text("by", ("them", "us", "any"), "side") or "them"),
        channels=table.names("channel", channels, "channel"),
        after_kinds=_after(table),
    )


def _after(table: Table) -> tuple[str, ...] | None:
    if isinstance(table.content.get("after_kind"), str):
        kind = table.text("after_kind", KINDS - BY_HAND_KINDS - {"note"}, "kind")
        return None if kind is None else (kind,)
    return table.names("after_kind", KINDS - BY_HAND_KINDS - {"note"}, "kind")
