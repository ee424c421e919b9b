"""Random prospects and rules: every condition form, ties on purpose, all that may go wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass

from prospector.rules.event import Event
from prospector.rules.format import parse
from prospector.rules.history import Version
from prospector.rules.ruleset import Ruleset

HOUR, DAY = 3600, 86400
START = 1_736_500_000
STAGES = ["cold", "contacted", "engaged", "meeting", "won", "lost"]
CHANNELS = ["bluesky", "email", "linkedin"]
THEIRS = ["like", "like", "comment", "reply", "dm", "email_reply", "follow", "meeting_booked", "bounce"]
OURS = ["email", "dm", "comment", "like", "note"]
KINDS = ["like", "comment", "reply", "dm", "email_reply", "follow", "email"]

STAGE_TABLES = "".join(f'[[stage]]\nname = "{name}"\n' for name in STAGES[:4]) + (
    '[[stage]]\nname = "won"\nterminal = true\nclosed = "won"\n'
    '[[stage]]\nname = "lost"\nterminal = true\nclosed = "lost"\n'
)


@dataclass(frozen=True)
class Case:
    versions: tuple[Version, ...]
    events: tuple[Event, ...]
    horizon: int
    tracked_from: int
    start_stage: str | None


def random_ruleset(draw: random.Random) -> Ruleset:
    parts = [
        f'[engine]\nhold_after_manual = "{draw.choice(["0s", "0s", "6h", "2d"])}"\n'
        f'min_dwell = "{draw.choice(["0s", "1h", "1h", "1d"])}"\n'
        f"apply_to_existing = {draw.choice(['true', 'false', 'false'])}\n",
        STAGE_TABLES,
        f'[points]\nhalf_life = "{draw.choice(["6h", "1d", "90m"])}"\n[points.weights]\n'
        '"them.like" = 1\n"them.comment" = 3\n"them.reply" = 5\n"us.email" = 1\n',
    ]
    if draw.random() < 0.3:
        parts.append('[fit]\n[[fit.rule]]\nfield = "country"\nis = "FR"\npoints = -20\n')
        parts.append(
            '[[fit.rule]]\nfield = "email_domain"\nmatches_list = "free_mail"\nverdict = "disqualify"\n'
        )
    parts += [_rule(draw, number) for number in range(draw.randint(3, 9))]
    return parse("\n".join(parts))


def _rule(draw: random.Random, number: int) -> str:
    lines = ["[[rule]]", f'name = "rule {number}"']
    if draw.random() < 0.5:
        sources = draw.sample(STAGES, draw.randint(2, 4))
        lines.append(f"from = {sources}".replace("'", '"'))
    if draw.random() < 0.8:
        lines.append(f'to = "{draw.choice(STAGES)}"')
        lines.append(f"backward = {draw.choice(['true', 'false'])}")
        lines.append(f"suggest = {draw.choice(['true', 'false', 'false', 'false'])}")
    else:
        lines.append('then = { queue = "today" }')
    if draw.random() < 0.5:
        lines.append(f'cooldown = "{draw.choice(["1h", "12h", "2d"])}"')
    for key, chance in (("when", 0.85), ("when_any", 0.3), ("unless", 0.25)):
        if draw.random() < chance or (key == "when_any" and not lines[-1].startswith("when")):
            lines.append(f"{key} = [{', '.join(_condition(draw) for _ in range(draw.choice([1, 1, 2])))}]")
    return "\n".join(lines) + "\n"


def _condition(draw: random.Random) -> str:
    kinds = str(draw.sample(KINDS, draw.randint(1, 3))).replace("'", '"')
    lasting = draw.choice(["1h", "6h", "1d", "2d", "36h"])
    form = draw.choice(["count"] * 4 + ["score", "below", "silence", "ours", "stage", "field"])
    if form == "count":
        return _count(draw, kinds, lasting)
    if form in ("score", "below"):
        name = "points_at_least" if form == "score" else "points_below"
        return f"{{ {name} = {draw.randint(1, 8)} }}"
    if form == "silence":
        channel = draw.choice(["", ', channel = ["email"]'])
        return f'{{ no = {kinds}, for = "{lasting}"{channel} }}'
    if form == "ours":
        after = draw.choice(["", ', after_kind = "email"'])
        return f'{{ no = {kinds}, for = "{lasting}", since = "ours"{after} }}'
    if form == "stage":
        return f'{{ in_stage_for = "{lasting}" }}'
    return draw.choice(
        [
            '{ field = "country", is = "DE" }',
            '{ field = "country", is_not = "DE" }',
            '{ field = "tags", in = ["hot", "vip"] }',
            '{ field = "size", at_least = 50 }',
            '{ field = "size", at_most = 50 }',
            '{ field = "email_domain", matches_list = "free_mail" }',
        ]
    )


def _count(draw: random.Random, kinds: str, lasting: str) -> str:
    keys = [f"kind = {kinds}"]
    if draw.random() < 0.3:
        keys.append(f'by = "{draw.choice(["us", "any"])}"')
    if draw.random() < 0.6:
        keys.append(f"at_least = {draw.randint(1, 3)}")
    if draw.random() < 0.2:
        keys.append(f"at_most = {draw.randint(3, 5)}")
    if draw.random() < 0.6:
        keys.append(f'within = "{lasting}"')
    if draw.random() < 0.2:
        keys.append('since = "stage"')
    if draw.random() < 0.4:
        keys.append(f'distinct = "{draw.choice(["post", "day", "channel"])}"')
    if draw.random() < 0.2:
        keys.append('channel = ["bluesky", "email"]')
    return "{ " + ", ".join(keys) + " }"


def random_events(draw: random.Random, count: int) -> list[Event]:
    events, at = [], START
    for number in range(count):
        # Steps of round lengths make events meet window edges, timers and each other.
        at += draw.choice([0, 0, 1, HOUR, HOUR, 6 * HOUR, 6 * HOUR, DAY, DAY, draw.randint(1, 2 * DAY)])
        events.append(_event(draw, f"{draw.randrange(16**6):06x}{number}", at))
    return events


def _event(draw: random.Random, identity: str, at: int) -> Event:
    what, channel = draw.random(), draw.choice(CHANNELS)
    if what < 0.07:
        return Event(identity, "stage_set", "us", "ui", at, attributes={"to": draw.choice(STAGES)})
    if what < 0.17:
        name, values = draw.choice(
            [
                ("country", ["DE", "FR", None]),
                ("tags", [["hot"], ["cold", "vip"], []]),
                ("size", [10, 50, "70", "many", True]),
                ("email", ["a@gmail.com", "a@firm.example", None]),
            ]
        )
        return Event(
            identity, "field_set", "us", "ui", at, attributes={"field": name, "value": draw.choice(values)}
        )
    by = "us" if what < 0.4 else "them"
    return Event(
        identity,
        draw.choice(OURS if by == "us" else THEIRS),
        by,
        channel,
        at,
        seen_at=at + draw.choice([0, 300, DAY]),
        post=draw.choice([None, "p1", "p2", "p3"]),
        retracted_at=at + draw.choice([0, 1, HOUR, DAY, 2 * DAY]) if draw.random() < 0.08 else None,
    )


def random_case(seed: int, count: int = 25, rulesets: list[Ruleset] | None = None) -> Case:
    """One prospect; `rulesets` to choose from, else new ones are made."""
    draw = random.Random(seed)
    events = random_events(draw, draw.randint(1, count))
    last = events[-1].at
    versions = []
    for number in range(draw.choice([1, 1, 2, 3])):
        ruleset = draw.choice(rulesets) if rulesets else random_ruleset(draw)
        anywhere = draw.choice([draw.choice(events).at, draw.randint(START, last + DAY)])
        active = None if number == 0 and draw.random() < 0.8 else anywhere
        versions.append(Version(number + 1, active, ruleset, voided=number > 0 and draw.random() < 0.2))
    events += draw.sample(events, draw.randint(0, min(3, len(events))))
    draw.shuffle(events)
    return Case(
        tuple(versions),
        tuple(events),
        horizon=draw.choice(
            [last, last + 3 * DAY, last + 3 * DAY, draw.randint(START, last + DAY), START - DAY]
        ),
        tracked_from=draw.choice([START, START, draw.choice(events).at, draw.randint(START, last + DAY)]),
        start_stage=draw.choice([None, None, "contacted", "engaged"]),
    )
