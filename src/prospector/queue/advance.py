"""What would lead a person to their next stage, in a rep's words: from the rule's own conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from prospector.rules.evidence import Observation, span
from prospector.rules.explain import WhyNot
from prospector.rules.ruleset import Absence, Condition, Count, Field, InStage, Rule, Score

HAPPENS: Mapping[str, str] = {
    "meeting_booked": "a meeting is booked",
    "meeting_cancelled": "a meeting is cancelled",
    "document_viewed": "a document is viewed",
    "document_signed": "a document is signed",
    "document_declined": "a document is declined",
    "auto_reply": "an automatic reply comes",
    "email_open": "a mail is opened",
    "link_click": "a link is clicked",
    "bounce": "a mail bounces",
    "complaint": "a mail is reported as spam",
    "unsubscribe": "they ask not to be written to",
    "stage_set": "somebody moves them by hand",
    "field_set": "a field of theirs changes",
}
"""What comes about, whoever does it."""
DOES: Mapping[str, str] = {
    "post": "post",
    "reply": "reply",
    "comment": "comment",
    "mention": "mention somebody",
    "quote": "quote a post",
    "dm": "send a direct message",
    "email": "send a mail",
    "email_reply": "answer by mail",
    "like": "like something",
    "repost": "repost something",
    "follow": "follow",
    "invite": "send an invitation",
    "call": "call",
    "note": "write a note",
}
"""What somebody does, after "they" or "we"."""
WHO = {"them": "they", "us": "we", "any": "they or we"}


def sentence(ways: Iterable[WhyNot], rules: Iterable[Rule]) -> str:
    """The first way on that nothing bars: "Next: meeting, when a meeting is booked"; empty without."""
    by_name = {rule.name: rule for rule in rules}
    for way in ways:
        rule, reading = by_name[way.reading.rule], way.reading
        if rule.to is None or any(one.holds for one in reading.unless):
            continue
        if any(not guard.passed and guard.lifts_at is None for guard in reading.guards):
            continue
        return f"Next: {rule.to}, when {_list(tuple(_missing(rule, way)), 'and') or 'the next thing happens'}"
    return ""


def _missing(rule: Rule, way: WhyNot) -> Iterator[str]:
    """The conditions that do not hold yet."""
    reading = way.reading
    for condition, seen in zip(rule.when, reading.when, strict=True):
        if not seen.holds:
            yield words(condition, seen)
    if rule.when_any and not any(one.holds for one in reading.when_any):
        either = zip(rule.when_any, reading.when_any, strict=True)
        yield _list([words(condition, seen) for condition, seen in either], "or")


def words(condition: Condition, seen: Observation) -> str:
    """A condition, and how far it has come, as what follows "when"."""
    if isinstance(condition, Count):
        return _count(condition, seen)
    if isinstance(condition, Score):
        verb = "falls below" if condition.below else "reaches"
        return f"their engagement {verb} {condition.points} (now {int(seen.have)})"
    if isinstance(condition, Absence):
        since = " after we wrote" if condition.since == "ours" else ""
        return f"{span(condition.lasting)} pass{since} before {_acts(condition.kinds, condition.by)}"
    if isinstance(condition, InStage):
        return f"they have been in this stage for {span(condition.lasting)}"
    if isinstance(condition, Field):
        return _field(condition)
    assert_never(condition)


def _count(condition: Count, seen: Observation) -> str:
    said, least, most = _acts(condition.kinds, condition.by), condition.at_least, condition.at_most
    window = f" within {span(condition.within)}" if condition.within is not None else ""
    window += " in this stage" if condition.since_stage else ""
    if most is not None and seen.have > most:
        return f"it is at most {most} times that {said}{window} (now {seen.have})"
    if least <= 1:
        return f"{said}{window}"
    many = f"on {least} different {condition.distinct}s" if condition.distinct else f"{least} times"
    so_far = f" ({seen.have} so far)" if seen.have else ""
    return f"{said}, {many}{window}{so_far}"


def _acts(kinds: Sequence[str], by: str) -> str:
    """What happens, or who does what: "they reply, comment or answer by mail"."""
    done = [DOES[kind] for kind in kinds if kind in DOES]
    happening = [
        HAPPENS.get(kind, f"there is a {kind.replace('_', ' ')}") for kind in kinds if kind not in DOES
    ]
    return _list([*([f"{WHO[by]} {_list(done, 'or')}"] if done else []), *happening], "or")


def _field(condition: Field) -> str:
    relation = {
        "is": "is",
        "is_not": "is not",
        "in": "is one of",
        "at_least": "is at least",
        "at_most": "is at most",
        "matches_list": "is on the list",
    }[condition.test]
    value = condition.value
    shown = _list([str(one) for one in value], "or") if isinstance(value, list | tuple) else str(value)
    return f"their {condition.name.replace('_', ' ')} {relation} {shown.replace('_', ' ')}"


def _list(parts: Sequence[str], last: str) -> str:
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else "".join(parts)
