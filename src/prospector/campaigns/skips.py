"""Leaving people out in the review, and taking that back: they then have the drafts of now."""

from __future__ import annotations

from collections.abc import Mapping

from prospector.campaigns import fills, recipients
from prospector.campaigns.batches import Page
from prospector.outreach.states import ABOUT_TO


class Skip:
    """The act of a run: nobody of these is written to by this campaign. `given` holds `why`."""

    def do(self, page: Page) -> Mapping[int, str]:
        there = [case for case in page.cases if case.recipient.state in ABOUT_TO]
        page.session.flush()
        recipients.skip(
            page.session, [case.recipient.id for case in there], page.given.get("why", ""), page.now
        )
        gone = {case.prospect.id for case in page.cases} - {case.prospect.id for case in there}
        return dict.fromkeys(gone, "they are written to no more already")

    def undo(self, page: Page) -> Mapping[int, str]:
        ids = [case.recipient.id for case in page.cases]
        page.session.flush()
        recipients.unskip(page.session, ids, page.now)
        fills.redraft(page, ids)
        return {}
