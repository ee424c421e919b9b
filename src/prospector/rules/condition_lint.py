"""What is doubtful about single conditions, whatever rule they stand in."""

from __future__ import annotations

from collections.abc import Iterator

from prospector.rules.finding import Check, Facts, Finding
from prospector.rules.ruleset import Absence, Condition, Count, InStage, Rule, Ruleset, Score
from prospector.toml_lines import Path


def _conditions(ruleset: Ruleset) -> Iterator[tuple[Path, Rule, Condition]]:
    for number, rule in enumerate(ruleset.rules):
        for key in ("when", "when_any", "unless"):
            for place, condition in enumerate(getattr(rule, key)):
                yield ("rule", number, key, place), rule, condition


def _absence_unseen(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    if facts.channels is None:
        return
    for path, rule, one in _conditions(ruleset):
        blind = sorted(set(one.channels or ()) - facts.channels) if isinstance(one, Absence) else []
        if blind:
            message = f"silence on {', '.join(blind)} cannot be known: no account with that connector"
            yield Finding((*path, "channel"), rule.name, "warning", message)


def _window_too_long(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for path, rule, one in _conditions(ruleset):
        within = one.within if isinstance(one, Count) else None
        if facts.history is not None and within is not None and within > facts.history:
            days = facts.history // 86400
            message = f"within is longer than the stored history ({days} days): it counts what is there"
            yield Finding((*path, "within"), rule.name, "warning", message)


def _points_never_reached(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    weights = ruleset.points.weights
    for path, rule, one in _conditions(ruleset):
        if not isinstance(one, Score):
            continue
        if not any(weights.values()):
            message = "asks for points, but [points.weights] gives none"
            yield Finding(path, rule.name, "warning", message)
        elif not one.below and facts.most_points is not None and one.points > facts.most_points:
            message = (
                f"points_at_least = {one.points}: the most that any 30 days brought is {facts.most_points}"
            )
            yield Finding((*path, "points_at_least"), rule.name, "warning", message)


def _email_open(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    message = "email_open is made by machines (mail programs fetch every image), not by readers"
    for path, rule, one in _conditions(ruleset):
        if isinstance(one, Count | Absence) and "email_open" in one.kinds:
            yield Finding(path, rule.name, "warning", message)
    if ruleset.points.weights.get("them.email_open"):
        yield Finding(("points", "weights", "them.email_open"), None, "warning", message)


def _no_time_at_all(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for path, rule, one in _conditions(ruleset):
        nothing = (isinstance(one, Absence | InStage) and one.lasting == 0) or (
            isinstance(one, Count) and one.within == 0
        )
        if nothing:
            yield Finding(path, rule.name, "error", "a duration of nothing is never meant; write at least 1s")


CONDITION_CHECKS: tuple[Check, ...] = (
    _absence_unseen,
    _window_too_long,
    _points_never_reached,
    _email_open,
    _no_time_at_all,
)
