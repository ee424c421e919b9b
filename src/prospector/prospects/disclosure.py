"""Everything about a person as a page that they can read: what `erasure.export` gives, in plain HTML.

It stands alone, without script and without a link to us, since it leaves the house (GDPR, Art. 12 and
15: concise, intelligible and easily accessible). Pure; every value is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

TITLES: Mapping[str, str] = {
    "profiles": "Where they are",
    "engagements": "What happened",
    "moves": "Stages",
    "cards": "Things to decide about them",
    "messages": "Messages to them",
    "consents": "Why we may write",
    "recipients": "Campaigns",
    "imports": "Rows of imported files",
    "effects": "What rules asked for",
    "edits": "Changes in bulk",
    "looks": "When their profiles were looked at",
    "suppressions": "Never written to",
    "merged": "Rows that were merged into this one",
}
SHOWN: Mapping[str, Sequence[str]] = {
    "profiles": ("platform", "url", "handle", "name", "remote_id", "polled_at", "confidence"),
    "engagements": ("at", "by", "channel", "kind", "text", "url", "seen_at"),
    "moves": ("effective_at", "before", "after", "rule", "superseded_at"),
    "cards": ("created_at", "state", "section", "decided_at", "decided_why"),
    "messages": ("created_at", "state", "action", "subject", "body", "sent_at", "error"),
    "consents": ("kind", "at", "expires_at", "evidence"),
    "recipients": ("campaign_id", "state", "why", "at"),
    "imports": ("run_id", "number", "cells", "done_at"),
    "effects": ("at", "kind", "state", "why", "detail"),
    "edits": ("run_id", "before", "after", "done_at"),
    "looks": ("started_at", "outcome", "found", "error"),
    "suppressions": ("key", "why", "at", "by"),
    "merged": ("id", "name", "title", "source", "created_at", "archived_at"),
}
"""The columns that say something to a person; the JSON has all."""
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2126;"
    "background:#fff}table{border-collapse:collapse;width:100%;font-size:13px;margin:.5rem 0 1.5rem}"
    "th,td{border-bottom:1px solid #ccd2d8;padding:.35rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}th{font-weight:600}h2{margin-top:2rem;font-size:18px}"
)


def page(exported: Mapping[str, Any]) -> str:
    """The whole page, of what `erasure.export` gave."""
    name, at = exported["prospect"]["name"], exported["exported_at"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>What is stored about {_said(name)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>What is stored about {_said(name)}</h1>",
        f"<p>As of {_said(at)}. Times are in UTC.</p>",
        "<h2>Fields</h2>",
        _table(("field", "value", "source", "at"), exported["fields"]),
    ]
    if exported["company"] is not None:
        parts += ["<h2>Company</h2>", _table(("name", "domain"), [exported["company"]])]
    for part, title in TITLES.items():
        if rows := exported[part]:
            parts += [f"<h2>{escape(title)}</h2>", _table(SHOWN[part], rows)]
    return "".join([*parts, "</body></html>\n"])


def fields(
    prospect: Mapping[str, Any], company: str | None, told: Iterable[tuple[str, datetime, str]]
) -> list[dict[str, Any]]:
    """Each field of a person with its source and date. `told` gives what the history says was set, the
    oldest first: the field, when and by whom; what nobody set since is from where the person is from."""
    origin = prospect["source"] or "not noted"
    begun = prospect["source_at"] or prospect["created_at"]
    last = {name: (by, at) for name, at, by in told if at > prospect["created_at"]}
    own = {name: value for name, value in prospect.items() if name in _FIELDS}
    values = {**own, "company": company, **prospect["fields"]}
    return [
        {
            "field": name,
            "value": value,
            "source": last.get(name, (origin, begun))[0],
            "at": last.get(name, (origin, begun))[1],
        }
        for name, value in values.items()
        if value not in (None, "", [])
    ]


_FIELDS = (
    "name",
    "email",
    "title",
    "country",
    "timezone",
    "value",
    "currency",
    "expected_close_on",
    "tags",
    "legal_basis",
)


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_said(row[name])}</td>" for name in columns) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _said(value: Any) -> str:
    """A value as a person reads it, escaped."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return "<br>".join(f"{_said(name)}: {_said(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    return escape(str(value)).replace("\n", "<br>")
