"""Every page of the app, found from its routes, with what is there put into the addresses.

So a page that somebody adds is looked at by the tests of this folder without a word here; only a new
name in an address has to be told where its values come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from fastapi import FastAPI
from sqlalchemy import text

from prospector.installation import Installation
from prospector.web.door import routes_of

NOT_PAGES = ("/api", "/static", "/healthz", "/dev/", "/setup")
"""What is for programs, or only there while there is no user."""
PARTS = ("/export", "/errors.csv", "/live", "/progress", "/queue/end", "/queue/news", "/queue/rest")
"""What is fetched by a page, or saved as a file, and is no page itself."""
ONE_TIME = frozenset({"token", "digest", "name"})
VALUES: Mapping[str, str] = {
    "campaign_id": "SELECT id FROM campaign ORDER BY id",
    "card_id": "SELECT id FROM card WHERE state = 'open' ORDER BY priority DESC, id",
    "prospect_id": "SELECT prospect_id FROM card WHERE state = 'open' ORDER BY priority DESC, id",
    "company_id": "SELECT DISTINCT p.company_id FROM card c JOIN prospect p ON p.id = c.prospect_id"
    " WHERE c.state = 'open' AND p.company_id IS NOT NULL ORDER BY 1",
    "message_id": "SELECT id FROM message WHERE state = 'draft' ORDER BY id",
    "engagement_id": "SELECT id FROM engagement ORDER BY id DESC LIMIT 30",
    "profile_id": "SELECT id FROM profile ORDER BY id LIMIT 30",
    "user_id": 'SELECT id FROM "user" ORDER BY id',
    "account_id": "SELECT id FROM account ORDER BY id",
    "recipient_id": "SELECT id FROM recipient ORDER BY campaign_id, id",
    "view_id": "SELECT id FROM view ORDER BY id",
    "run_id": "SELECT DISTINCT run_id FROM edit ORDER BY 1",
    "import_id": "SELECT id FROM run WHERE kind = 'import' ORDER BY id",
    "keep": "SELECT id FROM prospect WHERE merged_into_id IS NULL AND archived_at IS NULL ORDER BY id",
    "other": "SELECT id FROM prospect WHERE merged_into_id IS NULL AND archived_at IS NULL ORDER BY id DESC",
    "move_id": "SELECT id FROM move ORDER BY id LIMIT 30",
    "stage": "SELECT 'engaged'",
}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def templates(app: FastAPI) -> tuple[str, ...]:
    """The addresses of all pages as they are written in the routes, each once."""
    found = {
        route.path
        for route in routes_of(app)
        if "GET" in route.methods
        and not route.path.startswith(NOT_PAGES)
        and not route.path.endswith(PARTS)
        and not ONE_TIME & set(_PARAMETER.findall(route.path))
    }
    return tuple(sorted(found))


def filled(opened: Installation, template: str, most: int = 1) -> Iterator[str]:
    """Up to so many addresses out of one; none where there is nothing of the kind yet."""
    names = _PARAMETER.findall(template)
    if unknown := set(names) - set(VALUES):
        raise AssertionError(f"{template}: tell VALUES in {__file__} where {', '.join(unknown)} come from")
    if not names:
        yield template
        return
    values = [_values(opened, name, most) for name in names]
    for row in zip_longest(*values):
        if None not in row:
            yield _put(template, row)


def pages(app: FastAPI, opened: Installation, most: int = 1) -> tuple[str, ...]:
    return tuple(path for template in templates(app) for path in filled(opened, template, most))


def _values(opened: Installation, name: str, most: int) -> Sequence[object]:
    with opened.store.reading() as session:
        rows = session.connection().execute(text(VALUES[name])).all()
    return [value for (value,) in rows][:most]


def _put(template: str, values: Sequence[object]) -> str:
    left = list(values)
    return _PARAMETER.sub(lambda _: str(left.pop(0)), template)
