"""The rows of `queue_world`, as expressions of their number that both databases work out themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

REPS = 4
EACH = 10
"""Engagements of one prospect."""
SPAN = timedelta(days=90)
CARDS_EVERY, ANSWERS_EVERY, DECIDED_EVERY = 5, 5003, 50
Rows = tuple[str, int, Mapping[str, str]]


@dataclass(frozen=True)
class Spelling:
    """What the two databases write differently."""

    sqlite: bool

    def moment(self, seconds: str) -> str:
        """A time, so many seconds after 1970."""
        if self.sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch') || '.000000'"
        return f"to_timestamp({seconds})"

    def iso(self, seconds: str) -> str:
        if self.sqlite:
            return f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {seconds}, 'unixepoch')"
        return f"to_char(to_timestamp({seconds}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')"

    def json(self, expression: str) -> str:
        return f"({expression})" if self.sqlite else f"({expression})::json"

    def hexadecimal(self, number: str) -> str:
        return f"printf('%016x', {number})" if self.sqlite else f"lpad(to_hex({number}), 16, '0')"

    def numbers(self, last: int) -> str:
        if self.sqlite:
            return (
                f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
                " SELECT n FROM s)"
            )
        return f"generate_series(1::bigint, {last}) AS s(n)"


TEXT = (
    "'We moved the whole team to weekly planning, and what nobody expected: fewer meetings, not more. '"
    " || 'The board is on one page now, and who needs an answer knows whom to ask. Number ' || n || '. '"
    " || 'What do others do about the invoices that nobody answers?'"
)


def rows(spell: Spelling, prospects: int, now: int) -> Sequence[Rows]:
    """What is inserted, in this order: table, number of rows, and each column as an expression of the
    row's number `n`."""
    return (
        ("company", prospects // 10, _companies()),
        ("prospect", prospects, _prospects(spell, prospects, now)),
        ("profile", prospects, _profiles(spell, now)),
        ("engagement", prospects * EACH, _engagements(spell, prospects, now)),
        ("card", prospects // CARDS_EVERY, _cards(spell, prospects, now)),
        ("message", prospects // CARDS_EVERY, _messages(spell, prospects, now)),
        ("card", prospects // DECIDED_EVERY, _decided(spell, prospects, now)),
        ("message", prospects // DECIDED_EVERY, _sent(spell, prospects, now)),
    )


def _companies() -> Mapping[str, str]:
    return {
        "id": "n",
        "name": "'Company ' || n",
        "domain": "'company-' || n || '.example'",
    }


def _prospects(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    return {
        "id": "n",
        "owner_id": f"1 + n % {REPS}",
        "company_id": f"1 + n % {prospects // 10}",
        "name": "'Person ' || n",
        "email": "'person.' || n || '@example.com'",
        "title": "'Head of Operations'",
        "country": "'DE'",
        "timezone": "'Europe/Berlin'",
        "value": "CASE WHEN n % 7 = 0 THEN 1800000 END",
        "currency": "CASE WHEN n % 7 = 0 THEN 'EUR' END",
        "tags": spell.json("""'["operations"]'"""),
        "start_stage": "'cold'",
        "tracked_from": spell.moment(f"{now} - {SPAN.days * 86400}"),
        "stage": "CASE n % 8 WHEN 0 THEN 'engaged' WHEN 1 THEN 'contacted' ELSE 'cold' END",
        "stage_at": spell.moment(f"{now} - n % 8640000"),
        "heat": "(n * 7919 % 100003) / 1000.0",
        "fit": "n % 101",
        "fit_verdict": "'fit'",
        "fit_reasons": spell.json("'[]'"),
        "created_at": spell.moment(f"{now} - {SPAN.days * 86400}"),
    }


def _profiles(spell: Spelling, now: int) -> Mapping[str, str]:
    return {
        "id": "n",
        "prospect_id": "n",
        "account_id": "1",
        "platform": "'feed'",
        "url": "'https://example.com/' || n",
        "handle": "'blog-' || n",
        "remote_id": "'id-' || n",
        "next_poll_at": spell.moment(f"{now} + 86400 + n % 86400"),
        "rhythm": spell.json("""'{"interval": 14400}'"""),
        "polled_at": spell.moment(f"{now} - n % 14400"),
        "covered_until": spell.moment(f"{now} - n % 14400"),
    }


def _engagements(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    """In the order of time, so that one person's lie far apart, as they do where many are looked at.

    Keys are spread over all that a digest may be: those that are stored later fall in between."""
    turn = f"(n / {prospects} % {EACH})"
    ours = f"{turn} IN (3, 7)"
    step = 2**63 // (prospects * EACH + 1)
    at = f"{now} - {SPAN.days * 86400} + n * {SPAN.days * 86400} / {prospects * EACH}"
    return {
        "id": "n",
        "key": spell.hexadecimal(f"n * {step}"),
        "prospect_id": f"1 + n % {prospects}",
        "actor": f"CASE WHEN {ours} THEN 'us@example.com' ELSE 'https://example.com/' || n % {prospects} END",
        "actor_name": f"CASE WHEN {ours} THEN '' ELSE 'Person ' || n % {prospects} END",
        "channel": f"CASE WHEN {ours} THEN 'email' ELSE 'feed' END",
        "kind": f"CASE WHEN {ours} THEN 'email' WHEN n % 7 = 1 THEN 'reply' WHEN n % 7 = 2 THEN 'like'"
        " WHEN n % 7 = 3 THEN 'follow' ELSE 'post' END",
        "by": f"CASE WHEN {ours} THEN 'us' ELSE 'them' END",
        "at": spell.moment(at),
        "seen_at": spell.moment(at),
        "object": "'https://example.com/p/' || n",
        "url": "'https://example.com/p/' || n",
        "text": TEXT,
        "attributes": spell.json("""'{"title": "A busy week"}'"""),
    }


def _last_of(person: str, prospects: int) -> str:
    """The id of the last engagement with a person."""
    return f"(({person}) - 1 + {prospects} * {EACH - 1})"


def _cards(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    person, answer = f"n * {CARDS_EVERY}", f"n % {ANSWERS_EVERY} = 0"
    kind, points = (
        f"CASE WHEN {answer} THEN 'reply' ELSE 'post' END",
        f"CASE WHEN {answer} THEN 40 ELSE 14 END",
    )
    fit, warm = "(1 + n % 20)", "(1 + n / 20 % 20)"
    arose = f"{now} - n % 86400"
    cause = (
        f"""'[{{"kind": "' || {kind} || '", "at": "' || {spell.iso(arose)} || '", "engagement_id": '"""
        f""" || {_last_of(person, prospects)} || ', "detail": "", "question": false}}]'"""
    )
    reasons = (
        f"""'[{{"code": "cause", "label": "Posted", "points": ' || {points} || '}}, {{"code": "fit", """
        f""""label": "Fits", "points": ' || {fit} || '}}, {{"code": "warm", "label": "Warm", "points": '"""
        f""" || {warm} || '}}]'"""
    )
    return {
        "id": "n",
        "prospect_id": person,
        "owner_id": f"1 + ({person}) % {REPS}",
        "causes": spell.json(cause),
        "reasons": spell.json(reasons),
        "priority": f"{points} + {fit} + {warm}",
        "section": f"CASE WHEN {answer} THEN 'answer' ELSE 'fresh' END",
        "since": spell.moment(arose),
        "due_on": spell.moment(arose),
        "created_at": spell.moment(arose),
        "arrived_at": spell.moment(arose),
        # A run in weeks still finds them open.
        "expires_at": spell.moment(f"{now} + 31536000"),
        "state": "'open'",
    }


def _messages(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    person = f"n * {CARDS_EVERY}"
    return {
        "id": "n",
        "prospect_id": person,
        "account_id": "1",
        "profile_id": person,
        "engagement_id": _last_of(person, prospects),
        "card_id": "n",
        "action": "'reply'",
        "by_hand": "TRUE",
        "occasion": "'card:' || n",
        "template": "'comment'",
        "facts": spell.json("""'{"person": {"first_name": "Person"}, "post": {"title": "A busy week"}}'"""),
        "body": TEXT,
        "state": "'draft'",
        "created_at": spell.moment(f"{now} - n % 86400"),
    }


def _decided_at(spell: Spelling, prospects: int, now: int, before: int = 0) -> str:
    """Spread over the whole time, but not today: that day is still before them. `before` is in
    seconds."""
    span = (SPAN.days - 1) * 86400
    return spell.moment(f"{now} - 86400 - {before} - n * {span} / {prospects // DECIDED_EVERY}")


def _decided(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    """Cards of earlier days, of people who have none now."""
    person, at = f"(n * {DECIDED_EVERY} - 1)", _decided_at(spell, prospects, now)
    return {
        **_cards(spell, prospects, now),
        "id": f"n + {prospects // CARDS_EVERY}",
        "prospect_id": person,
        "owner_id": f"1 + {person} % {REPS}",
        "state": "'done'",
        "due_on": at,
        "created_at": at,
        "arrived_at": at,
        "opened_at": _decided_at(spell, prospects, now, before=45),
        "decided_at": at,
        "decided_by": f"1 + {person} % {REPS}",
    }


def _sent(spell: Spelling, prospects: int, now: int) -> Mapping[str, str]:
    person, at = f"(n * {DECIDED_EVERY} - 1)", _decided_at(spell, prospects, now)
    return {
        **_messages(spell, prospects, now),
        "id": f"n + {prospects // CARDS_EVERY}",
        "prospect_id": person,
        "profile_id": person,
        "engagement_id": _last_of(person, prospects),
        "card_id": f"n + {prospects // CARDS_EVERY}",
        "occasion": "'sent:' || n",
        "state": "'sent'",
        "created_at": at,
        "approved_by": f"1 + {person} % {REPS}",
        "approved_at": at,
        "sent_at": at,
    }
