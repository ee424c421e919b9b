"""What a machine wrote, by its headers and subject, and what only looks like it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail.auto_replies import auto_reply, is_auto_reply
from prospector.mail.read import parse

WRITTEN = date(2026, 11, 22)


def mail(subject: str = "Re: A question", head: str = ""):
    return parse(f"From: a@b.test\r\nSubject: {subject}\r\n{head}\r\n\r\n".encode())


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "auto-submitted: AUTO-GENERATED; owner-email=a@b.test",
        "Auto-Submitted: auto-replied (vacation)",
        "X-Auto-Response-Suppress: OOF",
        "Precedence: auto_reply",
        "Precedence: auto-reply",
        "Precedence: junk",
        "Precedence: bulk\r\nIn-Reply-To: <m@us.test>",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "Return-Path: <>",
    ],
)
def test_headers_that_say_so(head):
    assert is_auto_reply(mail(head=head), "Yes, gladly.")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: normal",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "X-Autoreply: no",
        "Return-Path: <a@b.test>",
    ],
)
def test_headers_that_say_nothing(head):
    assert not is_auto_reply(mail(head=head), "Yes, gladly.")


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office rules for the team?",
        "Re: Automatic reply: A question",
        "AW: Abwesenheitsnotiz",
        "Abwesenheit im Sommer planen",
        "Absent friends",
        "Absences et congés : votre offre",
        "Urlaub in Spanien",
        "Oooh, nice",
        "Ausente en la foto, presente en la feria",
        "Autos für die Flotte",
        "Vacation homes",
        "Autosvarade ni?",
        "Afwezigheid registreren met jullie product",
    ],
)
def test_subjects_that_people_write(subject):
    assert not is_auto_reply(mail(subject), "When can we talk?")


@pytest.mark.parametrize(
    ("text", "left", "replacement"),
    [
        ("Alice no longer works here. Write to Bob <bob@b.test>.", True, "bob@b.test"),
        ("Je ne travaille plus chez Exemple.", True, None),
        ("Ya no trabajo aquí, escriba a eva@b.test", True, "eva@b.test"),
        ("Non lavoro più qui.", True, None),
        ("Anna ist aus dem Unternehmen ausgeschieden.", True, None),
        ("I left the office early. Write to bob@b.test if it is urgent.", False, None),
        ("I am away. My own address is a@b.test.", False, None),
    ],
)
def test_gone_for_good_or_away(text, left, replacement):
    said = auto_reply(mail(), text, WRITTEN)

    assert (said.left, said.replacement) == (left, replacement)


def test_a_day_in_the_subject_counts_where_it_is_about_the_absence():
    assert auto_reply(mail("Out of office until 5 December"), "Sorry.", WRITTEN).until == date(2026, 12, 5)
    assert auto_reply(mail("Automatic reply: Our fair on 5 December"), "Sorry.", WRITTEN).until is None


@given(st.text(max_size=200), st.text(max_size=500))
def test_any_words_are_answered(subject, text):
    message = mail(subject.encode("utf-8", "ignore").decode().replace("\r", "").replace("\n", ""))

    assert is_auto_reply(message, text) in (True, False)
    until = auto_reply(message, text, WRITTEN).until
    assert until is None or until >= WRITTEN
