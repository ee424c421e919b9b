"""Which feed shows an account, and whose account a feed shows."""

from __future__ import annotations

import re

from prospector.sdk import ProfileRef

# The address of an account and of its feed; what stands for {} is the same in both.
FEEDS = {
    "youtube": (
        "https://www.youtube.com/channel/{}",
        "https://www.youtube.com/feeds/videos.xml?channel_id={}",
    ),
    "substack": ("https://{}.substack.com", "https://{}.substack.com/feed"),
    "medium": ("https://medium.com/@{}", "https://medium.com/feed/@{}"),
    "github": ("https://github.com/{}", "https://github.com/{}.atom"),
}


def feed_url(ref: ProfileRef) -> str | None:
    """The feed by which a profile can be read without a key, or None where it has none.

    Of YouTube only `/channel/UC…` has one, and of Substack only publications.
    """
    if ref.platform == "feed":
        return ref.url.removeprefix("feed:")
    if ref.platform not in FEEDS:
        return None
    account, feed = FEEDS[ref.platform]
    name = _between(ref.url, account)
    return feed.format(name) if name else None


def profile_url(platform: str, address: str) -> str | None:
    """The account whose feed this is: the way back from `feed_url`."""
    if platform == "feed":
        return address
    account, feed = FEEDS[platform]
    name = _between(address, feed)
    return account.format(name) if name else None


def _between(url: str, pattern: str) -> str | None:
    before, after = pattern.split("{}")
    name = url[len(before) : len(url) - len(after)]
    return name if url == before + name + after and re.fullmatch(r"[^/?#&]+", name) else None
