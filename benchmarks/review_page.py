"""Criterion 17 of the interface: what the pages take on the server, with 10,000 prospects on SQLite.

    .venv/bin/python -m benchmarks.review_page [--people N] [--prospects N] [--requests N]

The web app in a process of its own, over loopback, for a signed-in admin: the review of a campaign of
1,000 people with three mails each, before anything is approved and after; a group of it, the unusual
first; one person of it as the script asks for them; the queue, and one prospect. Times are of whole
answers, with the connection kept; the claim is about the 95th percentile.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks import campaign_world
from benchmarks.claims import Claim, at_most, show
from benchmarks.queue_page import beside, serve
from benchmarks.queue_world import CONFIG
from benchmarks.workplace import workplace
from sqlmodel import Session, select

from prospector.campaigns import approvals, batches
from prospector.campaigns.batches import Means
from prospector.installation import Installation, utc_now
from prospector.models import Recipient, User
from prospector.outreach.drafts import desk_of
from prospector.team import sessions
from prospector.web.cookies import SESSION

WANTED = 150.0
WARM_UP = 5
SENDER = '[sender]\nname = "Ana Sommer"\nemail = "us@example.com"\n'
SCRIPT = {"HX-Request": "true"}


def make(folder: Path, people: int, prospects: int) -> tuple[Installation, int]:
    """The installation with its one user, and the campaign's number."""
    opened = workplace(folder, CONFIG.format(database="sqlite") + SENDER)
    now = utc_now()
    user = User(email="ana@example.com", name="Ana", role="admin", minutes=60, created_at=now)
    opened.store.write(lambda session: session.add(user))
    return opened, campaign_world.make(opened, people, prospects - people, now)


def approve_all(opened: Installation, campaign_id: int) -> float:
    """Approve everybody whose series can go; seconds."""
    with opened.store.reading() as session:
        found = select(Recipient.prospect_id).where(Recipient.campaign_id == campaign_id)
        wanted: Mapping[int, Mapping[str, object]] = {id_: {} for id_ in session.exec(found)}
    desk = desk_of(opened.settings, opened.account_ids)
    means = Means(opened.settings, desk, opened.template_path())
    began = time.perf_counter()
    run_id = batches.start(opened.store, "approve", campaign_id, {}, wanted, None, utc_now())
    batches.carry_out(opened.store, {"approve": approvals.Approve()}, means, run_id, utc_now)
    return time.perf_counter() - began


def milliseconds(
    port: int, token: str, path: str, count: int, more: Mapping[str, str] | None = None
) -> list[float]:
    """How long each of so many requests for a page took, after a few that do not count."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"{SESSION}={token}", "Accept-Encoding": "gzip", **(more or {})}
    taken = []
    for _ in range(WARM_UP + count):
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.perf_counter() - start) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {body[:300]!r}")
    connection.close()
    return taken[WARM_UP:]


def _slowest(taken: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(taken, n=20)[-1]


def _claim(what: str, taken: Sequence[float]) -> Claim:
    middle = f" (median {statistics.median(taken):.0f})"
    return at_most("17", f"p95 of {what}{middle}", "ms", [_slowest(taken)], WANTED)


def measure(folder: Path, people: int, prospects: int, count: int) -> None:
    opened, campaign_id = make(folder, people, prospects)
    token = opened.store.write(_sign_in)
    with opened.store.reading() as session:
        first = session.exec(select(Recipient).where(Recipient.campaign_id == campaign_id)).first()
    assert first is not None
    path, script = f"/m/{campaign_id}/review", SCRIPT
    pages: list[tuple[str, str, Mapping[str, str]]] = [
        ("the review", path, {}),
        ("the review, unusual first", f"{path}?sort=unusual", {}),
        ("one person of the review", f"{path}/{first.id}", script),
    ]
    later: list[tuple[str, str, Mapping[str, str]]] = [
        ("the review, all approved", f"{path}?show=approved", {}),
        ("the queue", "/queue", {}),
        ("one prospect", f"/p/{first.prospect_id}", {}),
    ]
    size = f"{people:,} x 3 drafts, {prospects:,} prospects"
    with beside(serve, folder) as port_of:
        port = port_of.recv()
        for what, where, more in pages:
            show(_claim(f"{what}, {size}", milliseconds(port, token, where, count, more)))
        seconds = approve_all(opened, campaign_id)
        show(at_most("17", f"approve {people:,} series of three", "s", [seconds], people / 50))
        for what, where, more in later:
            show(_claim(f"{what}, {size}", milliseconds(port, token, where, count, more)))
    opened.close()


def _sign_in(session: Session) -> str:
    user_id = session.exec(select(User.id)).one()
    return sessions.begin(session, "session", user_id, utc_now() - timedelta(seconds=1))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000)
    options.add_argument("--prospects", type=int, default=10_000)
    options.add_argument("--requests", type=int, default=60)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="prospector-review-") as folder:
        measure(Path(folder) / "workspace", chosen.people, chosen.prospects, chosen.requests)


if __name__ == "__main__":
    main()
