"""Approving people's series in the review, one or many, and taking that back while it has not left.

Every message goes through `approval.approve`, as from the queue, the API and the command line: what
may not go there may not go here. Of a series either all is approved or nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from prospector.campaigns import causes
from prospector.campaigns.batches import Means, Page
from prospector.models import Campaign, Message, Recipient
from prospector.outreach import approval
from prospector.outreach.approval import NotApprovedError

ACTIVE = ("drafted", "active")


class Approve:
    """The act of a run: everybody whose series is ready. `given` may hold `despite`, the reason why a
    person is written to although somebody has just done so, and `accepted`, the cause whose warnings
    somebody has clicked."""

    def do(self, page: Page) -> Mapping[int, str]:
        campaign = page.session.get_one(Campaign, page.campaign_id)
        despite = page.given.get("despite") or f"in the campaign {campaign.name}"[:200]
        accepted = page.given.get("accepted")
        drafts = of_recipients(page.session, [case.recipient.id for case in page.cases])
        left = {}
        for case in page.cases:
            series = drafts[case.recipient.id]
            said = case.edit.after.get("warned")
            why = _not_clicked(said) if said else warned(series, accepted)
            why = why or approve_series(
                page.session, page.means, case.recipient, series, page.run.user_id, despite, page.now
            )
            if why is not None:
                left[case.prospect.id] = why
            else:
                case.edit.after = {**case.edit.after, "messages": [one.id for one in series]}
        return left

    def undo(self, page: Page) -> Mapping[int, str]:
        ids = [id_ for case in page.cases for id_ in case.edit.after.get("messages", ())]
        gone = _left_already(page.session, ids)
        left, back = {}, []
        for case in page.cases:
            mine = case.edit.after.get("messages", ())
            if any(id_ in gone for id_ in mine):
                left[case.prospect.id] = "their first mail has left already"
            else:
                back += mine
                case.recipient.state = "drafted"
        recall(page.session, back)
        return left


def of_recipients(session: Session, recipient_ids: Sequence[int]) -> dict[int, list[Message]]:
    """By recipient, the messages of their series that are not discarded, in the order of the steps."""
    found: dict[int, list[Message]] = defaultdict(list)
    statement = select(Message).where(
        col(Message.recipient_id).in_(recipient_ids), Message.state != "discarded"
    )
    for message in session.exec(statement.order_by(col(Message.recipient_id), col(Message.step))):
        found[message.recipient_id or 0].append(message)
    return found


def warned(series: Sequence[Message], accepted: str | None) -> str | None:
    """Why a bulk approval leaves a series alone: a warning that nobody has clicked. `accepted` is the
    cause that somebody has; `*` is any."""
    if accepted == "*":
        return None
    for message in series:
        for trouble in causes.of_draft(message.problems if message.state == "draft" else ()):
            if trouble.level == "warning" and trouble.key != accepted:
                return _not_clicked(trouble.words)
    return None


def _not_clicked(words: str) -> str:
    return f"has a warning that nobody has clicked: {words}"


def approve_series(
    session: Session,
    means: Means,
    recipient: Recipient,
    series: Sequence[Message],
    user_id: int | None,
    despite: str | None,
    now: datetime,
) -> str | None:
    """Approve all drafts of a person; why not, or None. To approve once more changes nothing."""
    if recipient.state not in ACTIVE:
        return recipient.why or f"they are {recipient.state}"
    if not series:
        return "there is no draft for them; make it first"
    together = session.begin_nested()
    for message in series:
        if message.state != "draft":
            continue
        try:
            approval.approve(session, means.settings, means.desk, message, user_id, now, despite=despite)
        except NotApprovedError as error:
            together.rollback()
            return str(error)
    together.commit()
    recipient.state = "active"
    session.add(recipient)
    return None


def recall(session: Session, message_ids: Sequence[int]) -> int:
    """Make approved messages drafts again, those that have not been said; how many."""
    back = {
        "state": "draft",
        "approved_by": None,
        "approved_at": None,
        "approved_hash": None,
        "send_at": None,
        "despite": None,
        "error": None,
    }
    statement = update(Message).where(col(Message.id).in_(message_ids), col(Message.state) == "approved")
    return session.exec(statement.values(**back).execution_options(synchronize_session=False)).rowcount


def ask_again(session: Session, recipient_ids: Sequence[int]) -> None:
    """Make the whole series of these people drafts again, where nothing of them was said."""
    approved = select(Message.id).where(
        col(Message.recipient_id).in_(recipient_ids), Message.state == "approved"
    )
    recall(session, session.exec(approved).all())
    waiting = col(Recipient.id).in_(recipient_ids), col(Recipient.state) == "active"
    session.exec(update(Recipient).where(*waiting).values(state="drafted"))


def _left_already(session: Session, message_ids: Sequence[int]) -> set[int]:
    """Those that are not the approved ones any more that they were."""
    waiting = select(Message.id).where(col(Message.id).in_(message_ids), Message.state == "approved")
    # Locked, since of what is claimed meanwhile half a series would come back.
    found = session.exec(waiting.with_for_update()).all()
    return set(message_ids) - set(found)
