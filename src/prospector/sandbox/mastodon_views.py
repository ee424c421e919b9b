"""How the API shows a `MastodonWorld`: accounts, statuses, notifications, relationships."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prospector.sandbox.mastodon_world import Account, MastodonWorld, Notice, Status


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def account_view(world: MastodonWorld, account: Account) -> dict[str, Any]:
    moved = world.accounts.get(account.moved_to or "")
    host = f"https://{world.host(account)}"
    picture = f"{host}/avatars/original/missing.png"
    shown = {
        "id": account.id,
        "username": account.username,
        "acct": account.acct,
        "display_name": account.name,
        "locked": account.locked,
        "bot": False,
        "created_at": stamp(account.created_at),
        "note": "",
        "url": world.url(account),
        "uri": f"{host}/users/{account.username}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": sum(whom == account.id for _, whom in world.follows),
        "following_count": sum(who == account.id for who, _ in world.follows),
        "statuses_count": sum(status.account == account.id for status in world.statuses.values()),
        "emojis": [],
        "fields": [],
        "group": False,
        "indexable": True,
    }
    return shown | ({"moved": account_view(world, moved)} if moved else {})


def status_view(world: MastodonWorld, status: Status, us: str) -> dict[str, Any]:
    parent = world.statuses.get(status.reply_to or "")
    quoted = world.statuses.get(status.quote or "")
    original = world.statuses.get(status.reblog or "")
    mentioned = [world.accounts[id] for id in status.mentions]
    return {
        "id": status.id,
        "created_at": stamp(status.at),
        "edited_at": None,
        "in_reply_to_id": status.reply_to,
        "in_reply_to_account_id": parent.account if parent else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": status.visibility,
        "uri": world.uri(status),
        "url": f"{world.url(world.accounts[status.account])}/{status.id}",
        "content": world.markup(status),
        "replies_count": sum(other.reply_to == status.id for other in world.statuses.values()),
        "reblogs_count": sum(other.reblog == status.id for other in world.statuses.values()),
        "favourites_count": sum(liked == status.id for _, liked in world.favourites),
        "favourited": (us, status.id) in world.favourites,
        "reblog": status_view(world, original, us) if original else None,
        "quote": {"state": "accepted", "quoted_status": status_view(world, quoted, us)} if quoted else None,
        "account": account_view(world, world.accounts[status.account]),
        "mentions": [
            {"id": a.id, "username": a.username, "acct": a.acct, "url": world.url(a)} for a in mentioned
        ],
        "media_attachments": [],
        "tags": [],
        "emojis": [],
    }


def notification_view(world: MastodonWorld, notice: Notice, us: str) -> dict[str, Any]:
    status = world.statuses.get(notice.status or "")
    return {
        "id": notice.id,
        "type": notice.type,
        "created_at": stamp(notice.at),
        "group_key": f"ungrouped-{notice.id}",
        "account": account_view(world, world.accounts[notice.by]),
    } | ({"status": status_view(world, status, us)} if status else {})


def relationship_view(world: MastodonWorld, us: str, whom: str) -> dict[str, Any]:
    follows = (us, whom) in world.follows
    locked = whom in world.accounts and world.accounts[whom].locked
    nothing = (
        *("blocked_by", "blocking", "domain_blocking", "endorsed", "muting", "muting_notifications"),
        *("notifying", "requested_by", "showing_reblogs"),
    )
    return dict.fromkeys(nothing, False) | {
        "id": whom,
        "note": "",
        "following": follows and not locked,
        "requested": follows and locked,
        "followed_by": (whom, us) in world.follows,
    }
