"""Somebody on the Bluesky network: posts, answers and likes by plain XRPC, without our code."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.live.bluesky_network import BlueskyNetwork
from tests.live.processes import until

PASSWORD = "hunter22"
# The AppView is mostly half a second behind, and more on a busy machine.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Record:
    """What a record is pointed at by: its address and the hash of its content."""

    uri: str
    cid: str

    @property
    def strong_ref(self) -> dict[str, str]:
        """As com.atproto.repo.strongRef wants it."""
        return {"uri": self.uri, "cid": self.cid}


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        raise AssertionError(f"{response.request.url}: {response.status_code} {response.text}")
    return response.json()


class BlueskyPerson:
    """An account of its own on the PDS; what it writes can be waited for at the AppView."""

    def __init__(self, network: BlueskyNetwork, name: str) -> None:
        """Make the account `NAME-and-a-few-letters.test`."""
        self.network = network
        self._token = ""
        self.handle = f"{name}{secrets.token_hex(3)}.test"
        account = {"handle": self.handle, "email": f"{self.handle}@mail.test", "password": PASSWORD}
        made = self._procedure("com.atproto.server.createAccount", account)
        self.did: str = made["did"]
        self._token = made["accessJwt"]
        until(self._known, PATIENCE, f"{self.handle} known to the AppView")

    def _known(self) -> bool:
        url = f"{self.network.appview}/xrpc/app.bsky.actor.getProfile"
        return httpx.get(url, params={"actor": self.handle}, timeout=30).is_success

    def _procedure(self, method: str, body: Mapping[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        return _answer(
            httpx.post(f"{self.network.pds}/xrpc/{method}", json=body, headers=headers, timeout=30)
        )

    def _query(self, method: str, **params: Any) -> Any:
        """Ask through our own PDS, which passes questions on to the AppView, as an app does."""
        headers = {"authorization": f"Bearer {self._token}"}
        url = f"{self.network.pds}/xrpc/{method}"
        return _answer(httpx.get(url, params=params, headers=headers, timeout=30))

    def app_password(self) -> str:
        """A new password of the kind that is given to apps."""
        name = {"name": f"app-{secrets.token_hex(4)}"}
        return str(self._procedure("com.atproto.server.createAppPassword", name)["password"])

    def write(self, collection: str, record: Mapping[str, Any]) -> Record:
        """Make a record in our repository, dated now."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        value = {"$type": collection, "createdAt": now, **record}
        body = {"repo": self.did, "collection": collection, "record": value}
        made = self._procedure("com.atproto.repo.createRecord", body)
        return Record(made["uri"], made["cid"])

    def post(self, text: str) -> Record:
        """Write a post, and wait until it is indexed: an answer to one that is not may be lost."""
        made = self.write("app.bsky.feed.post", {"text": text})
        self.wait_for(made.uri)
        until(lambda: made.uri in self._feed(), PATIENCE, f"{made.uri} in its author's feed")
        return made

    def _feed(self) -> set[str]:
        items = self._query("app.bsky.feed.getAuthorFeed", actor=self.did, limit=100)["feed"]
        return {item["post"]["uri"] for item in items}

    def reply(self, to: Record, text: str, root: Record | None = None) -> Record:
        """Answer a post; `root` is the first of its thread, if that is another."""
        reply = {"root": (root or to).strong_ref, "parent": to.strong_ref}
        return self.write("app.bsky.feed.post", {"text": text, "reply": reply})

    def quote(self, record: Record, text: str) -> Record:
        """Write a post with another one embedded."""
        embed = {"$type": "app.bsky.embed.record", "record": record.strong_ref}
        return self.write("app.bsky.feed.post", {"text": text, "embed": embed})

    def mention(self, who: BlueskyPerson, text: str) -> Record:
        """Write a post that names somebody; `text` holds their `@handle`."""
        name = f"@{who.handle}".encode()
        start = text.encode().index(name)
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": who.did}
        facet = {"index": {"byteStart": start, "byteEnd": start + len(name)}, "features": [feature]}
        return self.write("app.bsky.feed.post", {"text": text, "facets": [facet]})

    def like(self, record: Record) -> Record:
        """Like a post."""
        return self.write("app.bsky.feed.like", {"subject": record.strong_ref})

    def repost(self, record: Record) -> Record:
        """Show a post to our own followers."""
        return self.write("app.bsky.feed.repost", {"subject": record.strong_ref})

    def follow(self, who: BlueskyPerson) -> Record:
        """Follow somebody."""
        return self.write("app.bsky.graph.follow", {"subject": who.did})

    def delete(self, record: Record) -> None:
        """Take a record back."""
        collection, rkey = record.uri.split("/")[-2:]
        body = {"repo": self.did, "collection": collection, "rkey": rkey}
        self._procedure("com.atproto.repo.deleteRecord", body)

    def records(self, collection: str) -> list[dict[str, Any]]:
        """What our repository holds: the truth, whatever the AppView has seen of it."""
        params = {"repo": self.did, "collection": collection, "limit": 100}
        return list(self._query("com.atproto.repo.listRecords", **params)["records"])

    def visible(self, uri: str) -> dict[str, Any] | None:
        """The post as the AppView shows it, or None if it does not."""
        posts = self._query("app.bsky.feed.getPosts", uris=[uri])["posts"]
        return dict(posts[0]) if posts else None

    def wait_for(self, uri: str) -> dict[str, Any]:
        """The post as the AppView shows it, as soon as it does."""
        return until(lambda: self.visible(uri), PATIENCE, f"indexed {uri}")

    def notifications(self) -> list[dict[str, Any]]:
        """What others did towards us, newest first."""
        return list(self._query("app.bsky.notification.listNotifications", limit=100)["notifications"])

    def wait_to_be_told(self, wanted: Iterable[str]) -> list[dict[str, Any]]:
        """Our notifications, as soon as all these records are among them."""
        uris = set(wanted)

        def look() -> list[dict[str, Any]] | None:
            told = self.notifications()
            return told if uris <= {one["uri"] for one in told} else None

        return until(look, PATIENCE, f"{self.handle} told of {sorted(uris)}")
