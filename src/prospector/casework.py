"""What one of us does with a person by hand, with all that follows from it, in one transaction.

Pages, the API and commands share these: each takes a session, the person, who does it and `now`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from prospector.campaigns import endings
from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.enrolment import stages_of
from prospector.models import Move, Profile, Prospect, Suppression
from prospector.outreach import suppression
from prospector.prospects import details, erasure, hand, profiles, strangers
from prospector.prospects.details import Changes
from prospector.prospects.erasure import Erased
from prospector.prospects.people import NotFoundError
from prospector.prospects.scope import Scope
from prospector.queue import withdrawal
from prospector.sdk import ProfileRef
from prospector.store import by_id

BY_HAND = "by hand"


class CaseError(Exception):
    """It cannot be done as things stand; the message says why."""


@dataclass(frozen=True)
class Casework:
    """Somebody of us at work: `user_id` is None for a command line, `who` their name for the record."""

    aftermath: Consequences
    user_id: int | None = None
    who: str = BY_HAND

    def log(self, session: Session, prospect: Prospect, what: str, text: str, now: datetime) -> int:
        """Log a note, a call or a meeting; its id. Raises `hand.HandError`."""
        return self._follow(session, [hand.logged(prospect, what, text, self.user_id, now)], prospect, now)

    def move(self, session: Session, prospect: Prospect, to: str, now: datetime) -> Move | None:
        """Put a person into a stage, or keep them in theirs: either way rules keep their hands off for
        a while. The move, or None where they were there already. Raises `CaseError` where the rules
        know no such stage."""
        known = stages_of(session)
        if to not in known:
            raise CaseError(f'There is no stage "{to}"; there are {", ".join(known)}.')
        before = prospect.stage
        self._follow(session, [hand.moved(prospect, to, self.user_id, now)], prospect, now)
        return hand.last_by_hand(session, prospect.id) if before != to else None

    def take_back(self, session: Session, prospect: Prospect, key: str, now: datetime) -> str:
        """Undo a move by hand; the stage they are in then. Raises `hand.HandError`."""
        hand.take_back(session, prospect.id, key)
        self.aftermath.follow(session, [], {prospect.id}, (), now)
        return prospect.stage

    def edit(self, session: Session, prospect: Prospect, changes: Changes, now: datetime) -> None:
        """Change what we know of a person. Raises `people.TakenError`, its `ErasedError` for the
        address of who asked to be forgotten."""
        erasure.refuse_erased(session, (), changes.values.get("email"), self.aftermath.secret)
        entries = details.apply(session, prospect, changes, self.user_id, now)
        email = changes.values.get("email")
        adopted = strangers.adopt(session, prospect.id, "email", email) if email else []
        new = [*log(session, entries), *adopted]
        self.aftermath.follow(session, new, {prospect.id}, (), now)

    def attach(
        self,
        session: Session,
        prospect: Prospect,
        ref: ProfileRef,
        accounts: Mapping[str, int],
        now: datetime,
    ) -> int:
        """Add a profile to a person; its id. Raises `people.TakenError`, its `ErasedError` for a
        profile of who asked to be forgotten."""
        erasure.refuse_erased(session, (ref,), None, self.aftermath.secret)
        return profiles.attach(session, prospect, ref, accounts, now).id

    def disown(self, session: Session, prospect: Prospect, profile_id: int, now: datetime) -> int:
        """A profile is not theirs: it goes, and what was done there is strangers' again; how much."""
        given = profiles.disown(session, profiles.find(session, prospect.id, profile_id))
        self.aftermath.follow(session, [], {prospect.id}, (), now)
        standing = self.aftermath.standing_of(session, prospect, now)
        withdrawal.withdraw(session, prospect.id, given, standing, now)
        return len(given)

    def suppress(self, session: Session, prospect: Prospect, why: str, now: datetime) -> None:
        """Never write to this person again; what was not said yet is taken back."""
        keys = [f"person:{prospect.id}", *([f"email:{prospect.email}"] if prospect.email else [])]
        suppression.suppress(session, keys, details.storable(why)[:300] or BY_HAND, BY_HAND, now)
        endings.stop(session, prospect.id, "they are not to be written to", now)
        withdrawal.leave_alone(session, prospect.id, "they are not to be written to", now)

    def allow(self, session: Session, prospect: Prospect, now: datetime) -> None:
        """Take a suppression by hand back; they are looked at again. What they said themselves stays:
        raises `CaseError`."""
        found = suppressions(session, prospect)
        theirs = [row for row in found if row.by != BY_HAND or row.key.startswith("domain:")]
        if theirs:
            raise CaseError(f"{theirs[0].key} stays: {theirs[0].why}. Only what was added by hand goes.")
        suppression.lift(session, [row.key for row in found])
        if prospect.archived_at is None:
            profiles.look_now(session, prospect.id, None, now)

    def erase(self, session: Session, prospect: Prospect, now: datetime) -> Erased:
        """Forget a person for good. Raises `erasure.ErasureError`."""
        return erasure.erase(session, prospect, self.aftermath.secret, self.who, now)

    def _follow(self, session: Session, entries: Sequence[Entry], prospect: Prospect, now: datetime) -> int:
        new = log(session, entries)
        self.aftermath.follow(session, new, {prospect.id}, (), now)
        return new[0].id


def person(session: Session, scope: Scope, prospect_id: int) -> Prospect:
    """A person whom the reader may see. Raises `NotFoundError`, the same for what is not there."""
    prospect = by_id(session, Prospect, prospect_id)
    if prospect is None or not scope.allows(prospect.owner_id):
        raise NotFoundError("There is no such person.")
    return prospect


def suppressions(session: Session, prospect: Prospect) -> list[Suppression]:
    """Every suppression that keeps us from writing to a person."""
    known = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).all()
    keys: Collection[str] = suppression.keys_of(prospect, known)
    return list(session.exec(select(Suppression).where(col(Suppression.key).in_(keys))))
