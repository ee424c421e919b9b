"""The texts of a campaign as a page: lint beside them, fill rates, preview, a test to me, versions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed
from tests.web.test_campaigns import drafted, new, write

from prospector.models import CampaignVersion, Engagement, Message, Prospect, Recipient, User
from prospector.sdk import NotSent


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def fields(**more: object) -> dict[str, object]:
    """The form with two texts of one step."""
    given: dict[str, object] = {
        "wait": ["0"],
        "step": ["1", "1"],
        "variant": ["A", "A"],
        "language": ["en", "de"],
        "subject": ["Your post", "Ihr Beitrag"],
        "body": ["Hi {{ prospect.first_name }}, one question.", "Guten Tag {{ prospect.first_name }}."],
    }
    return given | more


def letters(page: str) -> list[str]:
    """The mails of the preview as they read."""
    found = re.findall(r'<div class="letter">(.*?)</div>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", one)) for one in found]


def test_what_is_wrong_stands_beside_its_text_with_line_and_column(desk: Desk) -> None:
    campaign = new(desk)
    answer = write(desk.ana, campaign, "Hi,\n\nwhat about {{ prospect.shoe_size }}?")
    assert answer.status_code == 422
    assert "it cannot be kept like that" in answer.text.lower()
    assert re.search(r'id="wb-1-A-en">.*?line 3.*?shoe_size', answer.text, re.DOTALL)
    assert "{{ prospect.shoe_size }}" in answer.text
    assert desk.place.rows(CampaignVersion) == []


def test_a_preview_has_the_facts_of_a_person_marked_and_keeps_nothing(desk: Desk) -> None:
    desk.place.person("anna")
    campaign = new(desk, stage="cold")
    page = desk.ana.post(f"/m/{campaign}/template", data=fields(act="preview")).text
    assert letters(page) == ["Hi Anna, one question."]
    assert '<span class="mark-fact" title="prospect.first_name">Anna</span>' in page
    assert "Not saved yet" in page
    assert desk.place.rows(CampaignVersion) == []


def test_a_missing_fact_and_a_fallback_are_marked(desk: Desk) -> None:
    desk.place.person("anna")
    campaign = new(desk, stage="cold")
    body = ["Hi {{ prospect.title }} of {{ prospect.fields.town }}.", "Hallo."]
    page = desk.ana.post(
        f"/m/{campaign}/template",
        data=fields(act="preview", body=body, fallback_for=["title"], fallback=["colleague"]),
    ).text
    assert '<span class="mark-fallback" title="prospect.title">colleague</span>' in page
    assert re.search(r'<span class="mark-missing"[^>]*>⟨fields.town\?⟩</span>', page)


def test_the_facts_say_for_how_many_they_are_known(desk: Desk) -> None:
    for name in ("anna", "bob", "kim"):
        desk.place.person(name, fields={"town": "Porto"} if name == "bob" else {})
    kim = desk.place.rows(Prospect)[-1]
    desk.place.change(Prospect, kim.id, name=kim.email)  # as an import calls who has no name
    campaign = new(desk, stage="cold")
    body = ["Hi {{ prospect.first_name }} in {{ prospect.fields.town }}.", "Hallo."]
    page = desk.ana.post(f"/m/{campaign}/template", data=fields(act="preview", body=body)).text
    rows = re.findall(r"<code>([\w.]+)</code>.*?(\d+ of \d+)", page.replace("<wbr>", ""), re.DOTALL)
    assert rows[:2] == [("first_name", "2 of 3"), ("fields.town", "1 of 3")]


def test_anybody_can_be_chosen_for_the_preview_by_name(desk: Desk) -> None:
    desk.place.person("anna")
    bob = desk.place.person("bob", country="DE")
    campaign = new(desk)
    assert desk.ana.post(f"/m/{campaign}/template", data=fields(act="save")).status_code == 303
    page = desk.ana.get(f"/m/{campaign}/template", params={"who": "bob web"}).text
    assert letters(page) == ["Guten Tag Bob."]
    assert letters(desk.ana.get(f"/m/{campaign}/template", params={"person": bob}).text) == ["Guten Tag Bob."]
    assert "Nobody is called like that" in desk.ana.get(f"/m/{campaign}/template", params={"who": "zzz"}).text
    assert desk.ana.get(f"/m/{campaign}/template", params={"person": 9999}).status_code == 404


def test_the_buttons_change_the_form_without_keeping_anything(desk: Desk) -> None:
    campaign = new(desk)
    for act, count in (
        ("add-step", 4),
        ("add-variant:1", 4),
        ("drop-language:1:A:de", 1),
        ("add-language:1:A:fr", 3),
    ):
        page = desk.ana.post(f"/m/{campaign}/template", data=fields(act=act)).text
        assert page.count('name="body"') == count, act
    chosen = fields(act="add-language:1:A", add_language=["2:A:it", "1:A:nl"])
    assert 'lang="nl"' in desk.ana.post(f"/m/{campaign}/template", data=chosen).text
    assert desk.ana.post(f"/m/{campaign}/template", data=fields(act="explode")).status_code == 422
    assert desk.place.rows(CampaignVersion) == []


def test_a_new_version_says_whom_it_concerns_and_their_drafts_are_made_anew(desk: Desk) -> None:
    campaign = drafted(desk, 2)
    first = desk.place.rows(Message, campaign_id=campaign)[0]
    desk.place.change(Message, first.id, state="approved")
    assert "1 draft is made anew, 1 approved or sent keep version 1" in (
        desk.ana.get(f"/m/{campaign}/template").text
    )
    desk.place.change(Recipient, first.recipient_id, state="active")
    answer = write(desk.ana, campaign, "Hi {{ prospect.first_name }}, shorter.", note="shorter")
    assert answer.status_code == 303
    drafts = desk.place.rows(Message, campaign_id=campaign, state="draft")
    assert [one.body.partition(",")[2] for one in drafts] == [" shorter."]
    assert desk.place.one(Message, id=first.id).body.endswith("was good to read.")
    page = desk.ana.get(f"/m/{campaign}").text
    assert page.index(">2 <span") < page.index("shorter") < page.index('<th scope="row">1')


def test_the_same_text_again_is_no_new_version(desk: Desk) -> None:
    campaign = new(desk)
    write(desk.ana, campaign)
    answer = write(desk.ana, campaign)
    assert "said=same" in answer.headers["location"]
    assert len(desk.place.rows(CampaignVersion)) == 1


def test_a_test_goes_to_me_with_the_facts_of_the_person_and_is_nobodys_mail(desk: Desk) -> None:
    anna = desk.place.person("anna")
    campaign = new(desk, stage="cold")
    me = desk.place.rows(User)[0]
    answer = desk.ana.post(f"/m/{campaign}/template/test", data=fields(act="1", person=str(anna)))
    assert f"on its way to {me.email}" in answer.text
    (sent,) = desk.place.mail.done
    assert (sent.to.handle, sent.subject) == (me.email, "Your post")
    assert sent.body.startswith("Hi Anna, one question.")
    shown = re.search(r'<div class="footer">(.*?)</div>', answer.text, re.DOTALL)
    assert shown is not None
    assert sent.body.endswith(html.unescape(shown[1]))
    assert "list_unsubscribe" not in sent.attributes
    assert desk.place.rows(Message) == []
    assert [one for one in desk.place.rows(Engagement) if one.kind == "email"] == []


def test_a_test_never_goes_to_the_person_whose_facts_it_has(desk: Desk) -> None:
    me = desk.place.rows(User)[0]
    myself = desk.place.person("anna", email=me.email)
    campaign = new(desk)
    answer = desk.ana.post(f"/m/{campaign}/template/test", data=fields(act="1", person=str(myself)))
    assert answer.status_code == 409
    assert "own address" in html.unescape(answer.text)
    assert desk.place.mail.done == []


def test_what_the_mailbox_says_against_it_is_shown(desk: Desk) -> None:
    anna = desk.place.person("anna")
    campaign = new(desk)
    desk.place.mail.acts.append(NotSent("the server is busy"))
    answer = desk.ana.post(f"/m/{campaign}/template/test", data=fields(act="1", person=str(anna)))
    assert answer.status_code == 409
    assert "the server is busy" in answer.text


def test_hostile_texts_and_names_are_text(desk: Desk) -> None:
    desk.place.person("anna", fields={"topic": HOSTILE})
    campaign = new(desk, stage="cold")
    page = desk.ana.post(
        f"/m/{campaign}/template",
        data=fields(act="preview", body=["You wrote {{ prospect.fields.topic }}.", "Hallo."], note=HOSTILE),
    ).text
    unharmed(page)
