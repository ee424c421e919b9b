"""What came of a campaign, by step and variant: answers of people, bounces, opt-outs; never opens.

An answer counts for the last mail before it, and only within seven days of that mail: an e-mail, a
reply or a direct message on any channel. What a machine wrote is no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlmodel import Session

from prospector.campaigns import editing, steps, trial
from prospector.campaigns.trial import Verdict
from prospector.models import Engagement, Message, table_of

WITHIN = timedelta(days=7)
ANSWERS = frozenset({"email_reply", "reply", "dm"})
_OUTCOMES = {
    **dict.fromkeys(ANSWERS, "replied"),
    "bounce": "bounced",
    "unsubscribe": "opted_out",
    "complaint": "opted_out",
}
_M, _E = table_of(Message), table_of(Engagement)
_SENT = (
    select(_M.c.step, _M.c.variant, func.count())
    .where(_M.c.campaign_id == bindparam("campaign"), _M.c.state == "sent")
    .group_by(_M.c.step, _M.c.variant)
)
_AFTER = (
    select(
        _M.c.recipient_id,
        _M.c.step,
        _M.c.variant,
        _M.c.sent_at,
        _E.c.id.label("engagement_id"),
        _E.c.kind,
        _E.c.at,
    )
    .join_from(_M, _E, _E.c.prospect_id == _M.c.prospect_id)
    .where(
        _M.c.campaign_id == bindparam("campaign"),
        _M.c.state == "sent",
        _E.c.by == "them",
        _E.c.kind.in_(sorted(_OUTCOMES)),
        _E.c.at >= _M.c.sent_at,
        _E.c.retracted_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant of a step: mails and what came of them; `low` to `high` is the 95 % interval of
    Wilson around the rate of answers."""

    name: str
    sent: int = 0
    replied: int = 0
    bounced: int = 0
    opted_out: int = 0

    @property
    def rate(self) -> float:
        return self.replied / self.sent if self.sent else 0.0

    @property
    def low(self) -> float:
        return trial.wilson(self.replied, self.sent).low

    @property
    def high(self) -> float:
        return trial.wilson(self.replied, self.sent).high


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step with its variants; `verdict` where there are several to compare."""

    step: int
    arms: tuple[Arm, ...]
    verdict: Verdict | None = None

    def as_json(self) -> list[dict[str, Any]]:
        """A row for each variant, under the names of `prospector campaign results --json`."""
        told = self.verdict
        return [
            {
                "step": self.step,
                "variant": arm.name,
                "sent": arm.sent,
                "replied": arm.replied,
                "rate": round(arm.rate, 4),
                "low": round(arm.low, 4),
                "high": round(arm.high, 4),
                "bounced": arm.bounced,
                "opted_out": arm.opted_out,
                "verdict": told.words if told else None,
                "probability": round(told.probability, 4) if told else None,
                "needed": told.needed if told else None,
            }
            for arm in self.arms
        ]


def of_steps(session: Session, campaign_id: int, now: datetime) -> list[StepResult]:
    """The results of each step: the variants of the newest version, and those that were sent before."""
    connection = session.connection()
    sent = {
        (step, name): number for step, name, number in connection.execute(_SENT, {"campaign": campaign_id})
    }
    came = tally(connection.execute(_AFTER, {"campaign": campaign_id}))
    names = _names(session, campaign_id)
    for step, name in sent:
        names.setdefault(step, {})[name or ""] = None
    return [_result(step, list(names[step]), sent, came) for step in sorted(names)]


def tally(rows: Iterable[Row[Any]]) -> Counter[tuple[int, str, str]]:
    """By step, variant and outcome how many mails it came of: each mail counts once for an outcome,
    and what they did counts for the last mail that they had then. Rows are pairs of a mail and what
    they did at any time after it."""
    last: dict[tuple[int, int], Any] = {}
    for row in rows:
        place = row.recipient_id, row.engagement_id
        if place not in last or last[place].step < row.step:
            last[place] = row
    counted = {
        (row.recipient_id, row.step, row.variant, _OUTCOMES[row.kind])
        for row in last.values()
        if row.kind not in ANSWERS or row.at < row.sent_at + WITHIN
    }
    return Counter((step, variant, outcome) for _, step, variant, outcome in counted)


def _names(session: Session, campaign_id: int) -> dict[int, dict[str, None]]:
    """By step the names of its variants in the newest version, in their order."""
    newest = editing.newest(session, campaign_id)
    series = steps.steps_of(newest.steps) if newest is not None else ()
    return {number: dict.fromkeys(step.names) for number, step in enumerate(series, start=1)}


def _result(
    step: int,
    names: Sequence[str],
    sent: dict[tuple[int, str], int],
    came: Counter[tuple[int, str, str]],
) -> StepResult:
    arms = tuple(
        Arm(
            name,
            sent.get((step, name), 0),
            *(came[step, name, outcome] for outcome in ("replied", "bounced", "opted_out")),
        )
        for name in names
    )
    return StepResult(step, arms, _verdict(arms))


def _verdict(arms: Sequence[Arm]) -> Verdict | None:
    """Of the first variant and the best of the others."""
    if len(arms) < 2:
        return None
    first, *others = (trial.Arm(arm.name, arm.sent, min(arm.replied, arm.sent)) for arm in arms)
    return trial.verdict(first, max(others, key=lambda arm: arm.rate))
