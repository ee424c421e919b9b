from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.campaigning import Campaigning
from tests.office import Office, office, sqlite_store


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_a_series_leaves_mail_by_mail_in_one_thread_after_working_days(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    assert campaign.states(anna) == ["approved", "approved", "approved"]
    assert [one.send_at is None for one in campaign.mails(anna)] == [False, True, True]
    campaign.until(datetime(2026, 12, 7, tzinfo=UTC))
    first, second, third = campaign.mails(anna)
    assert [one.state for one in (first, second, third)] == ["sent", "sent", "sent"]
    # A Tuesday; three working days later is a Friday, on which no window opens; then two more days.
    assert (first.sent_at.date().isoformat(), second.sent_at.date().isoformat()) == (
        "2026-11-24",
        "2026-11-30",
    )
    assert third.sent_at.date().isoformat() == "2026-12-02"
    assert second.subject == third.subject == f"Re: {first.subject}"
    threads = [intent.attributes.get("references") for intent in place.mail.done]
    assert threads == [None, [first.message_id], [first.message_id, second.message_id]]
    assert campaign.recipient(anna).state == "done"
