"""E2, E4: what stands below a cold mail, in seven languages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.config import Sender
from prospector.mail.opt_outs import is_opt_out
from prospector.outreach import one_click
from prospector.outreach.footer import LONGEST_NOTE, WORDS, footer
from prospector.outreach.letter import text_of

US = Sender(
    name="Ana Ruiz",
    legal_name="Acme Tools GmbH",
    postal_address="Hauptstr. 1\n10115 Berlin",
    privacy_url="https://acme.example/privacy",
)
TOKEN = "t" * 32
HOST = "https://mail.acme.example"


def of(language: str = "en", sender: Sender = US, **more: object) -> str:
    given: dict[str, object] = {
        "source": "your profile on LinkedIn, 3 May 2026",
        "first": True,
        "token": TOKEN,
        "public_url": HOST,
        "mailbox": "ana@acme.example",
        "basis": "we sell what your team builds with",
    }
    return footer(sender, language=language, **{**given, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_a_first_mail_says_who_from_where_why_and_how_to_stop(language: str) -> None:
    lines = of(language).split("\n")
    assert "Acme Tools GmbH, Hauptstr. 1 10115 Berlin" in lines[0]
    assert "your profile on LinkedIn, 3 May 2026" in lines[1]
    assert "we sell what your team builds with" in lines[2]
    assert lines[3].endswith("https://acme.example/privacy")
    assert lines[4] == WORDS[language].object
    assert "ana@acme.example" in lines[5]
    assert lines[6].endswith(f"{HOST}/u/{TOKEN}")
    assert len(lines) == 7
    assert is_opt_out(WORDS[language].stop.replace("«", '"').replace("»", '"').split('"')[1].strip())


def test_the_languages_are_these_and_any_other_has_english() -> None:
    assert {"en", "de", "fr", "es", "it", "nl", "pt"} <= set(WORDS)
    assert of("pl") == of("en")
    assert of("de-AT") == of("de")
    assert len({of(language) for language in WORDS}) == len(WORDS)


def test_a_follow_up_says_who_and_how_to_stop() -> None:
    assert of(first=False).split("\n") == [
        "This is a commercial message from Acme Tools GmbH, Hauptstr. 1 10115 Berlin.",
        'To get no more mail from us, reply with "stop" or write to ana@acme.example.',
        f"Or unsubscribe with one click: {HOST}/u/{TOKEN}",
    ]


def test_without_a_public_address_there_is_no_link() -> None:
    assert "http" not in of(public_url="", sender=US.model_copy(update={"privacy_url": ""}))
    assert "ana@acme.example" in of(public_url="")


def test_what_is_not_known_has_no_line() -> None:
    bare = of(sender=Sender(), source=" ", basis="", mailbox="", token=None)
    assert bare == WORDS["en"].object


def test_the_legal_name_is_the_company_else_the_person() -> None:
    assert Sender(name="Ana Ruiz").legal == "Ana Ruiz"
    assert Sender(name="Ana Ruiz", company="Acme").legal == "Acme"


@settings(max_examples=60)
@given(st.text(), st.text(), st.text())
def test_notes_of_files_and_forms_stay_on_their_line(source: str, basis: str, address: str) -> None:
    """Neither a second footer nor a header can be made of them, and nothing in them is unseen."""
    text = of(source=source, basis=basis, sender=US.model_copy(update={"postal_address": address}))
    lines = text.split("\n")
    assert 4 <= len(lines) <= 7
    assert not set(text) & set("\r\x00\u200b\u202e\u2028\ufeff")
    assert all(len(line) <= LONGEST_NOTE + 80 for line in lines[1:3])


def test_what_is_sent_is_the_text_a_blank_line_and_the_footer() -> None:
    assert text_of("Hi Anna,\n\nbye\n\n", "We are Acme.") == "Hi Anna,\n\nbye\n\nWe are Acme."
    assert text_of("Hi Anna\n", "") == "Hi Anna\n"


def test_tokens_cannot_be_guessed_and_the_header_names_both_ways() -> None:
    tokens = {one_click.new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(one_click.is_token(one) and len(one) * 6 >= 128 for one in tokens)
    header = one_click.header(TOKEN, f"{HOST}/", "a+b@acme.example")
    assert header == f"<{HOST}/u/{TOKEN}>, <mailto:a%2Bb@acme.example?subject=unsubscribe%20{TOKEN}>"
    assert one_click.header(TOKEN, "", "a@b.example") == f"<mailto:a@b.example?subject=unsubscribe%20{TOKEN}>"
    assert one_click.header(TOKEN, "", "") == ""


@pytest.mark.parametrize(
    "text", ["", "short", "t" * 65, f"{TOKEN}\n", "../../etc/passwd-and-some-more", "é" * 32]
)
def test_what_is_no_token_is_not_looked_up(text: str) -> None:
    assert not one_click.is_token(text)
