"""What the review does with a campaign's people: choose whom, begin the run, do its first part."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from prospector.campaigns import batches, causes, fills, review
from prospector.campaigns.batches import BatchError, Means, Progress
from prospector.campaigns.fills import FillError
from prospector.campaigns.review import Review, Terms
from prospector.campaigns.standing import Person
from prospector.campaigns.verdicts import ACTS
from prospector.installation import utc_now
from prospector.outreach import approval
from prospector.web.campaign_asked import Asked

AT_ONCE = 0.8
"""Seconds of a run that are done before the answer; of more the page shows how far it is."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was begun: the run, or only words."""

    run_id: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Whom:
    """Which people are meant: these, those with a cause, those of a group; all where nothing is said."""

    ids: tuple[int, ...] = ()
    cause: str = ""
    step: int = 0
    shape: str = ""

    def holds(self, person: Person) -> bool:
        return (
            (not self.ids or person.recipient_id in self.ids)
            and (not self.cause or any(one.key == self.cause for one in person.troubles))
            and (
                not self.step
                or any(part.step == self.step and part.shape == self.shape for part in person.parts)
            )
        )


def means_of(about: Asked) -> Means:
    return Means(about.means.settings, about.means.desk, about.installation.template_path())


def terms_of(about: Asked) -> Terms:
    zone = ZoneInfo(about.means.settings.file.queue.timezone)
    settings = about.means.settings
    return Terms(about.now, zone, approval.rest_of(settings), settings.file.outreach)


def read(session: Session, about: Asked) -> Review:
    return review.read(session, about.campaign_id, terms_of(about))


def decide(
    about: Asked,
    act: str,
    prospect_ids: Sequence[int],
    given: Mapping[str, Any],
    each: Mapping[str, Any] | None = None,
) -> Done:
    """Begin a run for these people; each gets the same. Raises `BatchError`."""
    return begin(about, act, {id_: each or {} for id_ in prospect_ids}, given)


def begin(about: Asked, act: str, wanted: Mapping[int, Mapping[str, Any]], given: Mapping[str, Any]) -> Done:
    store = about.installation.store
    run_id = batches.start(store, act, about.campaign_id, given, wanted, about.viewer.id, about.now)
    carry_out(about, run_id, AT_ONCE)
    return Done(run_id)


def carry_out(about: Asked, run_id: int, seconds: float | None = None) -> bool:
    """Go on with a run for so many seconds, or to its end; whether it is done."""
    last = time.monotonic() + seconds if seconds is not None else None
    return batches.carry_out(
        about.installation.store,
        ACTS,
        means_of(about),
        run_id,
        utc_now,
        lambda: last is not None and time.monotonic() > last,
    )


def approve_some(about: Asked, whom: Whom, accepted: str = "") -> Done:
    """Approve those of these people who are ready; with `accepted`, those whose warnings are all of
    that cause. Raises `BatchError`."""
    people = [one for one in about.read(lambda session, _: read(session, about)).people if whom.holds(one)]
    if accepted:
        people = [one for one in people if {trouble.key for trouble in one.troubles} == {accepted}]
    wanted = "warning" if accepted else "ready"
    if not any(one.status == wanted for one in people):
        raise BatchError("Nobody of these is ready to be approved.")
    # The others come along, so that the run says how many it left, and why.
    each = {one.prospect_id: _warned(one, accepted) for one in people if one.status != "approved"}
    return begin(about, "approve", each, {"accepted": accepted or None})


def _warned(person: Person, accepted: str) -> Mapping[str, Any]:
    """What keeps a bulk approval from a person whom nothing but a warning stops."""
    if accepted or person.status != "warning" or person.first is None:
        return {}
    return {"warned": person.first.words}


def skip_some(about: Asked, whom: Whom) -> Done:
    """Leave out people that are named, or have a cause. Raises `BatchError`."""
    if not whom.ids and not whom.cause:
        raise BatchError("Tick somebody first, or choose a cause.")
    people = about.read(lambda session, _: read(session, about)).people
    chosen = [one for one in people if whom.holds(one) and one.status != "approved"]
    why = f"by {about.viewer.name}"
    return decide(about, "skip", [one.prospect_id for one in chosen], {"why": why, "cause": whom.cause})


def fill_all(about: Asked, cause: str, value: str) -> Done:
    """Mend a cause for everybody: with one value, or where none is given with what is suggested for
    each. Raises `BatchError`, `FillError`."""
    people = about.read(lambda session, _: read(session, about)).people
    wanted: dict[int, Mapping[str, Any]] = {}
    for person in people:
        trouble = next((one for one in person.troubles if one.key == cause), None)
        if trouble is None or person.status == "approved" or not trouble.path:
            continue
        text = value or trouble.fix
        if text:
            wanted[person.prospect_id] = {"values": {trouble.path: fills.checked(trouble.path, text)}}
    if not wanted and not value:
        raise FillError("Nothing can be suggested for these. Write one value for all of them.")
    return begin(about, "fill", wanted, {"cause": cause})


def fall_back(about: Asked, path: str, text: str) -> Done:
    """Let a text stand for a missing fact in a new version, and draft those anew who lack it. Raises
    `BatchError`, `FillError`."""
    found = about.read(lambda session, _: read(session, about))
    key = f"missing:{path}"
    lacking = [one.prospect_id for one in found.people if any(each.key == key for each in one.troubles)]
    if not lacking:
        raise BatchError(f"Nobody lacks {causes.name_of(path)} any more.")
    kept = about.write(
        lambda session, campaign: fills.fall_back(
            session, means_of(about), campaign, path, text, about.viewer.id, about.now
        )
    )
    return decide(about, "redraft", lacking, {"path": kept})


def undo_run(about: Asked, run_id: int) -> Done:
    """Take a run of this campaign back. Raises `BatchError`."""

    def work(session: Session, _: object) -> None:
        batches.find(session, run_id, about.campaign_id)
        batches.take_back(session, run_id, about.now)

    about.write(work)
    carry_out(about, run_id, AT_ONCE)
    return Done(run_id)


WORDS: Mapping[str, tuple[str, str]] = {
    "approve": ("approved", "taken back"),
    "fill": ("filled", "as before"),
    "skip": ("skipped", "in it again"),
    "redraft": ("drafted anew", "as before"),
}


def words_of(progress: Progress) -> str:
    """What a run came to, as a sentence: with how many were left and why."""
    done, back = WORDS[progress.act]
    if not progress.finished:
        return f"{progress.done} of {progress.people} done"
    if progress.people == 1 and progress.left:
        return f"Left as it was: {progress.left[0][1]}"
    what = f"{progress.changed} {back if progress.undone else done}"
    if not progress.left_number:
        return what
    reasons = list(dict.fromkeys(why for _, why in progress.left))
    more = f" and {len(reasons) - 2} more reasons" if len(reasons) > 2 else ""
    return f"{what}, {progress.left_number} left: {'; '.join(reasons[:2])}{more}"
