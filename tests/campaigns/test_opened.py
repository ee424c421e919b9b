"""What the review shows of one person is what is sent to them, byte for byte."""

from __future__ import annotations

import pytest
from tests.campaigns.reviewed import FIRST, STEPS, campaign_of, planted
from tests.office import office

from prospector.campaigns import editing, opened
from prospector.campaigns.steps import Step, single
from prospector.models import Campaign
from prospector.outreach import deliver
from prospector.outreach.listing import Reader
from prospector.polling import poll


@pytest.fixture
def reviewed(store, tmp_path):
    return campaign_of(office(store, tmp_path), planted())


def letters(reviewed, name):
    means, found = reviewed.means, reviewed.read()
    reader = Reader(means.settings, means.desk, reviewed.place.now)
    with reviewed.place.store.reading() as session:
        return opened.open_person(session, means, reader, found, reviewed.person(name)).letters


def test_the_preview_is_sent_byte_for_byte_whatever_the_template_becomes(reviewed):
    place = reviewed.place
    seen = letters(reviewed, "Anna")[0]
    reviewed.run("approve", [reviewed.person("Anna").prospect_id])

    def edit(session):
        campaign = session.get_one(Campaign, reviewed.campaign_id)
        other = Step(0, (single(FIRST.replace("May I ask", "Could I ask")),))
        editing.save_version(session, campaign, (other, *STEPS[1:]), {}, "", None, place.now)
        campaign.state, campaign.started_at = "running", place.now

    place.write(edit)
    assert letters(reviewed, "Anna")[0].text == seen.text
    place.run(lambda: poll.poll_inbox(place.runtime, place.installation.account_ids["mail"]))
    for id_ in place.due():
        place.run(lambda id_=id_: deliver.deliver(place.runtime, id_))
    (sent,) = place.mail.done
    assert (sent.body, sent.subject) == (seen.text, seen.message.subject)
    assert seen.message.footer
    assert seen.text.endswith(seen.message.footer)


def test_the_marked_pieces_together_are_the_text_and_name_what_is_missing(reviewed):
    for name in ("Anna", "Mateo"):
        for letter in letters(reviewed, name):
            assert "".join(piece.text for piece in letter.body) == letter.message.body
            assert "".join(piece.text for piece in letter.subject) == letter.message.subject
    kinds = {piece.path for piece in letters(reviewed, "Mateo")[0].body if piece.kind == "missing"}
    assert kinds == {"prospect.fields.incident"}
