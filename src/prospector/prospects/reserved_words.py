"""Words that look like a name in an address but are a page of the platform.

Only where a name and a page can have the same form; taken from the platforms' own menus and links.
"""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


X = _words(
    "about account articles bookmarks communities compose download explore favorites followers following",
    "hashtag help home i intent invitations jobs lists login logout mentions messages notifications oauth",
    "personalization premium_sign_up privacy search sessions settings share signup status statuses topics",
    "tos",
    "trends welcome who_to_follow widgets",
)

GITHUB = _words(
    "about accelerator account advisories apps blog business careers changelog codesearch codespaces",
    "collections community contact copilot customer-stories dashboard developer discussions dmca downloads",
    "edu education enterprise events explore features followers following gist gists git-guides",
    "github-copilot home import inbox integrations issues jobs join login logos logout marketplace mcp",
    "mobile",
    "models new newsroom nonprofit notifications open-source organizations orgs partners password_reset",
    "personal premium-support press pricing privacy projects pulls readme repositories resources search",
    "security sessions settings shop signup site sitemap solutions spark sponsors starred stars startups",
    "status support team terms topics training trending trust-center users watching why-github wiki",
)

INSTAGRAM = _words(
    "_u about accounts api ar archive challenge create developer direct directory download emails explore",
    "graphql help igtv invites legal lite live locations nametag oauth p press privacy push qr reel reels s",
    "session share static stories tags terms topics tv web your_activity",
)

FACEBOOK = _words(
    "about ajax api bookmarks business careers checkpoint connect developers dialog directory docs donate",
    "events feed flx friends fundraisers games gaming groups hashtag help home home.php index.php",
    "instantgames jobs l.php legal lite live login login.php marketplace media memories messages mobile",
    "notes",
    "notifications pages payments people permalink.php photo photo.php photos plugins policies posts privacy",
    "profile profile.php public r.php recover reel reels saved search settings share share.php sharer",
    "sharer.php stories story.php terms video.php videos watch weather",
)

TELEGRAM = _words(
    "addemoji addlist addstickers addtheme boost call confirmphone contact giftcode invoice joinchat login",
    "proxy setlanguage share socks stickers",
)

# What web software other than Mastodon has under /users/.
FEDIVERSE = _words(
    "auth confirm confirmation edit forgot invitation list login logout me new password profile register",
    "search settings sign_in sign_out sign_up signin signup",
)
