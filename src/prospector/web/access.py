"""Who may open which route: one table. A route that is not in it is refused to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from prospector.team.users import ROLES

Verdict = Literal["go", "sign in", "no"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The roles that may open a route; None: everybody, also who is not signed in.

    `by_itself` is for what an open page asks for without a person: it does not keep a session alive.
    Whose people they see there is the business of `Viewer.scope`.
    """

    roles: frozenset[str] | None
    by_itself: bool = False


OPEN = Grant(None)
SIGNED = Grant(frozenset(ROLES))
LIVE = Grant(frozenset(ROLES), by_itself=True)
LEADS = Grant(frozenset({"founder", "manager", "admin"}))
ADMINS = Grant(frozenset({"admin"}))

ACCESS: Mapping[str, Grant] = {
    # What everybody needs before they are signed in
    "GET /healthz": OPEN,
    "GET /static/{digest}/{name}": OPEN,
    "GET /setup": OPEN,
    "POST /setup": OPEN,
    "GET /login": OPEN,
    "POST /login": OPEN,
    "GET /login/link/{token}": OPEN,
    "POST /login/link/{token}": OPEN,
    "POST /logout": OPEN,
    # What everybody needs who has had a mail of ours
    "GET /u/{token}": OPEN,
    "POST /u/{token}": OPEN,
    # Pages
    "GET /": SIGNED,
    "GET /help": SIGNED,
    "GET /menu": SIGNED,
    "GET /queue": SIGNED,
    "GET /queue/rest": SIGNED,
    "GET /queue/end": SIGNED,
    "GET /queue/news": LIVE,
    "GET /queue/{card_id}": SIGNED,
    "POST /queue/{card_id}/approve": SIGNED,
    "POST /queue/{card_id}/dismiss": SIGNED,
    "POST /queue/{card_id}/done": SIGNED,
    "POST /queue/{card_id}/draft": SIGNED,
    "POST /queue/{card_id}/hold": LIVE,
    "POST /queue/{card_id}/like": SIGNED,
    "POST /queue/{card_id}/note": SIGNED,
    "POST /queue/{card_id}/posted": SIGNED,
    "POST /queue/{card_id}/reopen": SIGNED,
    "POST /queue/{card_id}/snooze": SIGNED,
    "POST /queue/{card_id}/stage": SIGNED,
    "POST /queue/{card_id}/stand-by": SIGNED,
    "POST /queue/{card_id}/take-over": SIGNED,
    "POST /queue/{card_id}/text": SIGNED,
    "POST /queue/{card_id}/unstage": SIGNED,
    "POST /queue/{card_id}/why": SIGNED,
    "GET /settings/code": SIGNED,
    "POST /settings/code": SIGNED,
    "POST /settings/code/off": SIGNED,
    "GET /live": LIVE,
    "GET /outbox": SIGNED,
    "POST /outbox/{message_id}/again": SIGNED,
    "POST /outbox/{message_id}/arrived": SIGNED,
    "POST /outbox/{message_id}/cancel": SIGNED,
    "POST /outbox/{message_id}/leave": SIGNED,
    "POST /outbox/{message_id}/now": SIGNED,
    "POST /outbox/{message_id}/sent": SIGNED,
    "GET /replies": SIGNED,
    "POST /replies/{engagement_id}/answer": SIGNED,
    "POST /replies/{engagement_id}/classify": SIGNED,
    "GET /sources": SIGNED,
    "POST /sources/{account_id}/check": LEADS,
    "POST /sources/{account_id}/pause": LEADS,
    "POST /sources/{account_id}/poll": SIGNED,
    "POST /sources/{account_id}/resume": LEADS,
    "GET /status": LEADS,
    # Campaigns
    "GET /m": LEADS,
    "GET /m/new": LEADS,
    "POST /m/new": LEADS,
    "GET /m/{campaign_id}": LEADS,
    "POST /m/{campaign_id}/settings": LEADS,
    "POST /m/{campaign_id}/draft": LEADS,
    "POST /m/{campaign_id}/draft/stop": LEADS,
    "GET /m/{campaign_id}/progress": LEADS,
    "POST /m/{campaign_id}/start": LEADS,
    "POST /m/{campaign_id}/pause": LEADS,
    "POST /m/{campaign_id}/resume": LEADS,
    "POST /m/{campaign_id}/finish": LEADS,
    "GET /m/{campaign_id}/people": LEADS,
    "POST /m/{campaign_id}/people": LEADS,
    "POST /m/{campaign_id}/people/skip": LEADS,
    "GET /m/{campaign_id}/template": LEADS,
    "POST /m/{campaign_id}/template": LEADS,
    "POST /m/{campaign_id}/template/test": LEADS,
    "GET /m/{campaign_id}/results": LEADS,
    "GET /m/{campaign_id}/review": LEADS,
    "GET /m/{campaign_id}/review/problem": LEADS,
    "GET /m/{campaign_id}/review/runs/{run_id}/progress": LEADS,
    "GET /m/{campaign_id}/review/{recipient_id}": LEADS,
    "POST /m/{campaign_id}/review/approve": LEADS,
    "POST /m/{campaign_id}/review/fallback": LEADS,
    "POST /m/{campaign_id}/review/fill": LEADS,
    "POST /m/{campaign_id}/review/skip": LEADS,
    "POST /m/{campaign_id}/review/undo": LEADS,
    "POST /m/{campaign_id}/review/{recipient_id}/approve": LEADS,
    "POST /m/{campaign_id}/review/{recipient_id}/fallback": LEADS,
    "POST /m/{campaign_id}/review/{recipient_id}/fill": LEADS,
    "POST /m/{campaign_id}/review/{recipient_id}/skip": LEADS,
    "POST /m/{campaign_id}/review/{recipient_id}/text": LEADS,
    "GET /dev/states": ADMINS,
    "POST /dev/states/{name}": ADMINS,
    # One person, and companies
    "GET /p/{prospect_id}": SIGNED,
    "POST /p/{prospect_id}/note": SIGNED,
    "POST /p/{prospect_id}/stage": SIGNED,
    "POST /p/{prospect_id}/moves/{move_id}/undo": SIGNED,
    "POST /p/{prospect_id}/profiles": SIGNED,
    "POST /p/{prospect_id}/profiles/{profile_id}/confirm": SIGNED,
    "POST /p/{prospect_id}/profiles/{profile_id}/disown": SIGNED,
    "POST /p/{prospect_id}/look": SIGNED,
    "POST /p/{prospect_id}/suppress": SIGNED,
    "POST /p/{prospect_id}/allow": SIGNED,
    "POST /p/{prospect_id}/consents": SIGNED,
    "POST /p/{prospect_id}/consents/{consent_id}/end": SIGNED,
    "GET /p/{prospect_id}/export": SIGNED,
    "GET /p/{prospect_id}/erase": LEADS,
    "POST /p/{prospect_id}/erase": LEADS,
    "GET /p/{prospect_id}/edit": SIGNED,
    "POST /p/{prospect_id}/edit": SIGNED,
    "GET /c": SIGNED,
    "GET /c/{company_id}": SIGNED,
    "POST /c/{company_id}/pause": SIGNED,
    "POST /c/{company_id}/resume": SIGNED,
    "GET /p": SIGNED,
    "GET /p/add": SIGNED,
    "POST /p/add": SIGNED,
    "POST /p/change": SIGNED,
    "POST /p/change/apply": SIGNED,
    "GET /runs": SIGNED,
    "GET /runs/{run_id}": SIGNED,
    "POST /runs/{run_id}/undo": SIGNED,
    "POST /views": SIGNED,
    "POST /views/{view_id}/delete": SIGNED,
    "GET /duplicates": LEADS,
    "GET /duplicates/{keep}/{other}": LEADS,
    "POST /duplicates/apart": LEADS,
    "POST /duplicates/merge": LEADS,
    "POST /duplicates/part": LEADS,
    "POST /duplicates/together": LEADS,
    "GET /retention": LEADS,
    "POST /retention/erase": LEADS,
    "GET /imports": LEADS,
    "GET /imports/new": LEADS,
    "POST /imports": LEADS,
    "GET /imports/{import_id}": LEADS,
    "GET /imports/{import_id}/errors.csv": LEADS,
    "POST /imports/{import_id}/apply": LEADS,
    "POST /imports/{import_id}/forget": LEADS,
    "POST /imports/{import_id}/mapping": LEADS,
    "POST /imports/{import_id}/reading": LEADS,
    "POST /imports/{import_id}/undo": LEADS,
    "GET /strangers": SIGNED,
    "POST /strangers/dismiss": SIGNED,
    "POST /strangers/restore": SIGNED,
    "POST /strangers/take": SIGNED,
    "GET /settings/me": SIGNED,
    "POST /settings/me": SIGNED,
    "POST /settings/me/away": SIGNED,
    "POST /settings/me/keys": SIGNED,
    "POST /settings/me/notices": SIGNED,
    "POST /settings/me/notices/try": SIGNED,
    "POST /settings/me/password": SIGNED,
    "POST /settings/me/revoke": SIGNED,
    "POST /settings/me/theme": SIGNED,
    "POST /settings/me/tokens": SIGNED,
    "GET /settings/rules-of-the-house": SIGNED,
    "GET /settings/team": ADMINS,
    "POST /settings/team/add": ADMINS,
    "POST /settings/team/{user_id}/away": ADMINS,
    "POST /settings/team/{user_id}/disable": ADMINS,
    "POST /settings/team/{user_id}/enable": ADMINS,
    "POST /settings/team/{user_id}/link": ADMINS,
    "POST /settings/team/{user_id}/role": ADMINS,
    # API
    "GET /api/prospects": SIGNED,
    "POST /api/prospects": SIGNED,
    "GET /api/strangers": SIGNED,
    "POST /api/strangers/dismiss": SIGNED,
    "POST /api/strangers/take": SIGNED,
    "GET /api/colleagues": SIGNED,
    "POST /api/changes": SIGNED,
    "GET /api/runs": SIGNED,
    "POST /api/runs/{run_id}/undo": SIGNED,
    "GET /api/prospects/{prospect_id}": SIGNED,
    "PATCH /api/prospects/{prospect_id}": SIGNED,
    "GET /api/prospects/{prospect_id}/engagements": SIGNED,
    "GET /api/prospects/{prospect_id}/moves": SIGNED,
    "GET /api/prospects/{prospect_id}/why": SIGNED,
    "POST /api/prospects/{prospect_id}/note": SIGNED,
    "POST /api/prospects/{prospect_id}/stage": SIGNED,
    "POST /api/prospects/{prospect_id}/suppress": SIGNED,
    "GET /api/docs": SIGNED,
    "GET /api/openapi.json": SIGNED,
    "GET /api/accounts": SIGNED,
    "POST /api/accounts/{account_id}/pause": LEADS,
    "POST /api/accounts/{account_id}/poll": SIGNED,
    "POST /api/accounts/{account_id}/resume": LEADS,
    "GET /api/queue": SIGNED,
    "GET /api/cards/{card_id}": SIGNED,
    "POST /api/cards/{card_id}/dismiss": SIGNED,
    "POST /api/cards/{card_id}/done": SIGNED,
    "POST /api/cards/{card_id}/draft": SIGNED,
    "POST /api/cards/{card_id}/hold": SIGNED,
    "POST /api/cards/{card_id}/note": SIGNED,
    "POST /api/cards/{card_id}/reopen": SIGNED,
    "POST /api/cards/{card_id}/snooze": SIGNED,
    "POST /api/cards/{card_id}/stage": SIGNED,
    "GET /api/drafts": SIGNED,
    "GET /api/outbox": SIGNED,
    "POST /api/messages/{message_id}/approve": SIGNED,
    "POST /api/messages/{message_id}/discard": SIGNED,
    "POST /api/messages/{message_id}/sent": SIGNED,
    "GET /api/replies": SIGNED,
    "POST /api/replies/{engagement_id}/classify": SIGNED,
    "GET /api/campaigns": LEADS,
    "POST /api/campaigns": LEADS,
    "GET /api/campaigns/{campaign_id}": LEADS,
    "GET /api/campaigns/{campaign_id}/people": LEADS,
    "POST /api/campaigns/{campaign_id}/people": LEADS,
    "GET /api/campaigns/{campaign_id}/results": LEADS,
    "GET /api/campaigns/{campaign_id}/versions": LEADS,
    "POST /api/campaigns/{campaign_id}/versions": LEADS,
    "POST /api/campaigns/{campaign_id}/pause": LEADS,
    "POST /api/campaigns/{campaign_id}/resume": LEADS,
    "POST /api/campaigns/{campaign_id}/start": LEADS,
    "GET /api/tokens": SIGNED,
    "POST /api/tokens": SIGNED,
    "DELETE /api/tokens/{token_id}": SIGNED,
}


def grant_of(method: str, route: str) -> Grant | None:
    """The row of a route (`/p/{prospect_id}`); HEAD is as GET. None: there is none."""
    return ACCESS.get(f"{'GET' if method == 'HEAD' else method} {route}")


def verdict(grant: Grant | None, role: str | None) -> Verdict:
    """Whether somebody of this role may go on; None is who is not signed in."""
    if grant is None:
        return "no"
    if grant.roles is None:
        return "go"
    if role is None:
        return "sign in"
    return "go" if role in grant.roles else "no"
