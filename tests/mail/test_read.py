"""Headers, addresses, ids and times of mails, whatever the wire gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail import read

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(st.none() | MOMENTS, st.none() | MOMENTS)
def test_a_moment_never_lies_ahead_nor_long_before_receipt(said, received):
    at, estimated = read.moment(said, received, NOW)

    assert at <= NOW
    assert at >= min(received or NOW, NOW) - timedelta(days=7)
    assert not (estimated and received)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (timedelta(0), True),
        (timedelta(days=-6), True),
        (timedelta(days=-8), False),
        (timedelta(hours=2), False),
    ],
)
def test_the_senders_own_date_counts_where_it_is_credible(said, counts):
    received = NOW - timedelta(days=1)

    assert (read.moment(received + said, received, NOW)[0] == received + said) is counts


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Alice <Alice@Prospect.Test>", ("Alice", "alice@prospect.test")),
        ('"Doe, Alice" <a@b.test>', ("Doe, Alice", "a@b.test")),
        ("=?utf-8?q?J=C3=B6rg?= <j@b.test>", ("Jörg", "j@b.test")),
        ("a@b.test", ("", "a@b.test")),
        ('"boss@ours.test" <mallory@evil.test>', ("boss@ours.test", "mallory@evil.test")),
        ("nobody", ("", "")),
        ("", ("", "")),
        ("<>", ("", "")),
    ],
)
def test_a_mailbox(value, found):
    assert read.mailbox(value) == found


@given(st.text(max_size=300))
def test_an_address_is_normal_or_none(text):
    address = read.mailbox(text)[1]

    assert address == "" or address == read.address(address)
    assert "@" in address or address == ""


@given(st.text(max_size=300))
def test_decoding_gives_one_clean_line(text):
    line = read.decoded(text)

    assert line == " ".join(line.split())
    line.encode()


def test_ids_keep_their_order_and_appear_once():
    message = read.parse(b"In-Reply-To: <c@x> (said)\r\nReferences: <a@x>\r\n <b@x> <c@x> junk <a@x>\r\n\r\n")

    assert read.answered(message) == ("<c@x>", "<b@x>", "<a@x>")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nJ\xf6rg", "Jörg"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\nJ\xf6rg", "Jörg"),
        (b"Content-Type: text/plain; charset=punycode\r\n\r\nJ\xc3\xb6rg", "Jörg"),
        (b"Content-Transfer-Encoding: base64\r\n\r\nSsO2cmc=", "Jörg"),
        (
            b"Content-Type: text/html\r\n\r\n<p>A &lt;b&gt;<script>x</script><br>C<blockquote>q",
            "A <b>\nC\n> q",
        ),
        (
            b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<p>Rich\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nPlain\r\n--b--",
            "Plain",
        ),
        (b"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nsecret", ""),
    ],
)
def test_the_words_of_a_body(raw, words):
    assert read.body(read.parse(raw)).strip() == words
