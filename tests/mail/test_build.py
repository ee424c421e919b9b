"""Outgoing mails: what was approved arrives as it was, and no value breaks out of its header."""

from __future__ import annotations

import email
import string
from dataclasses import replace
from datetime import UTC, datetime
from email.policy import default
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prospector.mail import HeaderError, Letter, build, envelope

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LETTER = Letter("us@us.test", "alice@prospect.test", "<m-1@us.test>", NOW, "A question", "Shall we talk?")

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=2000)
ID = st.text(string.ascii_letters + string.digits + ".-_", min_size=1, max_size=120).map(
    "<{}@us.test>".format
)


def read(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=default)


@given(WORDS, WORDS, LINES)
def test_what_was_approved_arrives_as_it_was(subject, name, body):
    assume(subject == " ".join(subject.split()))
    assume(name == " ".join(name.split()))

    mail = read(build(replace(LETTER, subject=subject, to_name=name, body=body)))

    assert mail["Subject"] == subject
    assert mail["To"].addresses[0].addr_spec == "alice@prospect.test"
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")


@given(WORDS, LINES)
def test_the_bytes_suit_every_server(subject, body):
    raw = build(replace(LETTER, subject=subject, body=body))

    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    names = [line.partition(b":")[0] for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")]
    assert names.count(b"Subject") == names.count(b"To") == 1
    assert b"Bcc" not in names


@given(st.lists(ID, max_size=40), ID)
def test_ids_are_never_encoded(references, answered):
    mail = read(build(replace(LETTER, references=tuple(references), in_reply_to=answered)))

    assert mail["In-Reply-To"].strip() == answered
    kept = (mail["References"] or "").split()
    assert kept == (references if len(references) <= 20 else [references[0], *references[-19:]])


@pytest.mark.parametrize(
    "field",
    ["sender", "to", "message_id", "subject", "sender_name", "to_name", "reply_to", "in_reply_to"],
)
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\r\n ", "\0", "\x85", "\u2028", "\ud800", "\x1b"])
def test_a_control_character_in_any_header_is_an_error(field, break_):
    value = getattr(LETTER, field) or "us@us.test"
    with pytest.raises(HeaderError):
        build(replace(LETTER, **{field: f"{value}{break_}Bcc: everybody@elsewhere.test"}))


@pytest.mark.parametrize(
    "more",
    [
        {"references": ("<a@b>\r\nBcc: x@y.test",)},
        {"unsubscribe": {"List-Unsubscribe": "<https://us.test/>\r\nBcc: x@y.test"}},
        {"unsubscribe": {"Bcc": "x@y.test"}},
        {"unsubscribe": {"List-Unsubscribe\r\nBcc": "x@y.test"}},
        {"body": "a\0b"},
        {"body": "\ud800"},
        {"to": "a@b@c.test"},
        {"to": "a b@c.test"},
        {"to": "@c.test"},
        {"to": "a@-.test"},
        {"to": "jörg@prospect.test"},
        {"message_id": "<no at sign>"},
    ],
)
def test_what_cannot_be_a_mail_is_an_error_that_says_so(more):
    with pytest.raises(HeaderError, match=r"\w{3}"):
        build(replace(LETTER, **more))


def test_a_hand_approved_mail_does_not_pass_for_an_automatic_one():
    assert read(build(LETTER))["Auto-Submitted"] is None
    assert read(build(replace(LETTER, automatic=True)))["Auto-Submitted"] == "auto-generated"


def test_the_way_out_is_written_as_rfc_8058_wants_it():
    address = "<https://us.test/u/" + "t" * 200 + ">"
    offers = {
        "List-Unsubscribe": f"{address}, <mailto:u@us.test>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }

    raw = build(replace(LETTER, unsubscribe=offers))

    assert address.encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_a_domain_beyond_ascii_is_written_in_ascii():
    assert envelope("anna@bücher.test") == "anna@xn--bcher-kva.test"


@given(st.text(max_size=60))
def test_an_envelope_address_is_one_or_an_error(text):
    try:
        address = envelope(text)
    except HeaderError:
        return
    assert address.count("@") == 1
    assert not any(character in address for character in "\r\n <>,")
