"""The table of platforms: which addresses show a person's profile, and how each is written.

A `Route` is matched against `host/path` (decoded, no trailing slash), with `?name=value` behind it
where a parameter is the identity. What no route matches is not a profile: posts, repositories,
communities, searches and share intents need no entry here. Only words that look like a name do
(`reserved`). Sources: the platforms' own links and help pages, as seen in November 2026.

Every pattern is anchored on both ends and has no repetition inside a repetition, so matching is
linear in the length of its input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prospector.prospects import reserved_words

# What a name may hold where the platform allows all scripts; the delimiters of a URL never.
_ANY = r"""[^\x00-\x20\x7f/?#%\\<>"{}|^`\[\]@:;=&+,$!*()]{1,100}"""
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DID = r"did:(?:plc:[a-z0-9]{3,64}|web:[a-z0-9.-]{3,253})"


@dataclass(frozen=True, slots=True)
class Route:
    """One form of a profile's address. `url` and `handle` are filled from the group `id`.

    `param` names the query parameter that is the identity; `exact` keeps upper case.
    """

    pattern: re.Pattern[str]
    url: str
    handle: str
    param: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """The domains of one platform, the forms of its profiles, and words that are no names.

    `feeds` are paths of feeds of something else than one account (a tag, a publication).
    """

    name: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]
    reserved: frozenset[str] = frozenset()
    feeds: re.Pattern[str] | None = None


def _route(
    pattern: str, url: str, handle: str = "{id}", *, param: str | None = None, exact: bool = False
) -> Route:
    return Route(re.compile(pattern, re.IGNORECASE | re.ASCII), url, handle, param, exact)


def _tabs(words: str) -> str:
    """A pattern for one of these words as the last segment, or none."""
    return f"(?:/(?:{'|'.join(words.split())}))?"


BLUESKY = Platform(
    "bluesky",
    ("bsky.app",),
    (
        _route(
            rf"(?:www\.)?bsky\.app/profile/@?(?P<id>{_DOMAIN}|{_DID})"
            + _tabs("followers follows known-followers search rss"),
            "https://bsky.app/profile/{id}",
        ),
    ),
    frozenset({"handle.invalid"}),
)

_X_HOST = r"(?:www\.|m\.|mobile\.)?(?:x|twitter)\.com"
X = Platform(
    "x",
    ("x.com", "twitter.com"),
    (
        _route(
            rf"{_X_HOST}/@?(?P<id>[a-z0-9_]{{1,15}})"
            + _tabs(
                "with_replies media likes highlights articles followers following verified_followers "
                "followers_you_follow affiliates lists photo header_photo superfollows topics"
            ),
            "https://x.com/{id}",
        ),
        _route(
            rf"{_X_HOST}/intent/(?:user|follow)\?screen_name=@?(?P<id>[a-z0-9_]{{1,15}})",
            "https://x.com/{id}",
            param="screen_name",
        ),
        _route(
            rf"{_X_HOST}/intent/(?:user|follow)\?user_id=(?P<id>[1-9][0-9]{{0,18}})",
            "https://x.com/i/user/{id}",
            param="user_id",
        ),
        _route(rf"{_X_HOST}/i/user/(?P<id>[1-9][0-9]{{0,18}})", "https://x.com/i/user/{id}"),
    ),
    reserved_words.X,
)

_LINKEDIN_HOST = r"(?:www\.|m\.|touch\.|[a-z]{2}\.)?linkedin\.com"
_LINKEDIN_OPAQUE = r"(?-i:A(?:Co|Cw|Do|EM)AA)[a-z0-9_-]{4,80}"
LINKEDIN = Platform(
    "linkedin",
    ("linkedin.com",),
    (
        _route(
            rf"{_LINKEDIN_HOST}/(?:comm/|mwlite/)?in/(?P<id>{_LINKEDIN_OPAQUE})(?:/.*)?",
            "https://www.linkedin.com/in/{id}",
            exact=True,
        ),
        _route(
            rf"{_LINKEDIN_HOST}/(?:comm/|mwlite/)?in/(?P<id>{_ANY})(?:/.*)?",
            "https://www.linkedin.com/in/{id}",
        ),
        _route(
            rf"{_LINKEDIN_HOST}/(?:comm/)?profile/view\?id=(?P<id>{_LINKEDIN_OPAQUE})",
            "https://www.linkedin.com/in/{id}",
            param="id",
            exact=True,
        ),
        # The public addresses of before 2014: the three numbers follow the name in reverse order.
        _route(
            rf"{_LINKEDIN_HOST}/pub/(?P<id>{_ANY})"
            r"/(?P<c>[0-9a-f]{1,3})/(?P<b>[0-9a-f]{1,3})/(?P<a>[0-9a-f]{1,3})",
            "https://www.linkedin.com/in/{id}-{a:0>3}{b:0>3}{c}",
            "{id}-{a:0>3}{b:0>3}{c}",
        ),
        _route(
            rf"{_LINKEDIN_HOST}/(?:comm/|mwlite/)?company/(?P<id>{_ANY})(?:/.*)?",
            "https://www.linkedin.com/company/{id}",
        ),
    ),
    frozenset({"me", "edit", "dir", "setup", "unavailable"}),
)

GITHUB = Platform(
    "github",
    ("github.com",),
    (
        _route(
            r"(?:www\.)?github\.com/(?P<id>[a-z0-9][a-z0-9-]{0,38}(?:_[a-z0-9]{1,10})?)(?:\.atom)?",
            "https://github.com/{id}",
        ),
    ),
    reserved_words.GITHUB,
    re.compile(r"/[^/]+/[^/]+/(?:releases|tags|wiki|discussions|commits(?:/.*)?)\.atom"),
)

_REDDIT_HOST = r"(?:www\.|old\.|new\.|np\.|m\.|sh\.|amp\.|[a-z]{2}\.)?reddit\.com"
_REDDITOR = r"(?P<id>[a-z0-9_-]{2,20})"
REDDIT = Platform(
    "reddit",
    ("reddit.com",),
    (
        _route(
            rf"{_REDDIT_HOST}/(?:u|user)/{_REDDITOR}(?:\.rss)?"
            r"(?:/(?:\.rss|(?:about|overview|submitted|comments|posts|gilded|saved|upvoted|downvoted|hidden)"
            r"(?:/?\.rss)?))?",
            "https://www.reddit.com/user/{id}",
        ),
        # Everybody has a community of their own, named after them.
        _route(rf"{_REDDIT_HOST}/r/u_{_REDDITOR}(?:/?\.rss)?", "https://www.reddit.com/user/{id}"),
    ),
    frozenset({"me"}),
    feeds=re.compile(r"/(?:.*[/.])?\.?rss"),
)

HACKERNEWS = Platform(
    "hackernews",
    ("news.ycombinator.com",),
    (
        _route(
            r"news\.ycombinator\.com/(?:user|submitted|threads|favorites)\?id=(?P<id>[a-z0-9_-]{2,15})",
            "https://news.ycombinator.com/user?id={id}",
            param="id",
            exact=True,
        ),
    ),
    feeds=re.compile(r"/(?:rss|bigrss|showrss|invitedrss)"),
)

_YOUTUBE_HOST = r"(?:www\.|m\.|music\.|gaming\.)?youtube\.com"
_YOUTUBE_TABS = _tabs(
    "featured videos shorts streams live playlists podcasts courses releases community posts "
    "channels about store search membership"
)
_UC = r"(?P<id>(?-i:UC)[a-z0-9_-]{22})"
YOUTUBE = Platform(
    "youtube",
    ("youtube.com",),
    (
        _route(rf"{_YOUTUBE_HOST}/@(?P<id>{_ANY}){_YOUTUBE_TABS}", "https://www.youtube.com/@{id}", "@{id}"),
        _route(
            rf"{_YOUTUBE_HOST}/channel/{_UC}{_YOUTUBE_TABS}",
            "https://www.youtube.com/channel/{id}",
            exact=True,
        ),
        _route(
            rf"{_YOUTUBE_HOST}/feeds/videos\.xml\?channel_id={_UC}",
            "https://www.youtube.com/channel/{id}",
            param="channel_id",
            exact=True,
        ),
        _route(
            rf"{_YOUTUBE_HOST}/c/(?P<id>{_ANY}){_YOUTUBE_TABS}", "https://www.youtube.com/c/{id}", "c/{id}"
        ),
        _route(
            rf"{_YOUTUBE_HOST}/user/(?P<id>{_ANY}){_YOUTUBE_TABS}",
            "https://www.youtube.com/user/{id}",
            "user/{id}",
        ),
        _route(
            rf"{_YOUTUBE_HOST}/feeds/videos\.xml\?user=(?P<id>{_ANY})",
            "https://www.youtube.com/user/{id}",
            "user/{id}",
            param="user",
        ),
    ),
    feeds=re.compile(r"/feeds/videos\.xml"),
)

_LABEL = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SUBSTACK = Platform(
    "substack",
    ("substack.com",),
    (
        _route(
            rf"(?P<id>{_LABEL})\.substack\.com"
            + _tabs(
                "about archive chat feed leaderboard notes podcast podcasts recommendations subscribe welcome"
            ),
            "https://{id}.substack.com",
        ),
        _route(rf"open\.substack\.com/pub/(?P<id>{_LABEL})", "https://{id}.substack.com"),
        _route(
            r"(?:www\.)?substack\.com/@(?P<id>[a-z0-9][a-z0-9_-]{0,62})"
            + _tabs("about activity likes notes posts reads subscribe"),
            "https://substack.com/@{id}",
            "@{id}",
        ),
    ),
    frozenset({"www", "open", "api", "cdn", "support", "email", "mail", "help", "status"}),
    feeds=re.compile(r"/feed/.+"),
)

_MEDIUM_TABS = _tabs(
    "about archive feed followers following has-recommended highlights latest lists responses"
)
MEDIUM = Platform(
    "medium",
    ("medium.com",),
    (
        _route(
            rf"(?:www\.|m\.)?medium\.com/@(?P<id>[a-z0-9_.-]{{1,60}}){_MEDIUM_TABS}",
            "https://medium.com/@{id}",
            "@{id}",
        ),
        _route(
            r"(?:www\.|m\.)?medium\.com/feed/@(?P<id>[a-z0-9_.-]{1,60})", "https://medium.com/@{id}", "@{id}"
        ),
        _route(rf"(?P<id>{_LABEL})\.medium\.com{_MEDIUM_TABS}", "https://medium.com/@{id}", "@{id}"),
    ),
    frozenset(
        {"www", "m", "api", "blog", "cdn-images-1", "help", "link", "miro", "partners", "policy", "status"}
    ),
    feeds=re.compile(r"/feed/.+"),
)

THREADS = Platform(
    "threads",
    ("threads.com", "threads.net"),
    (
        _route(
            r"(?:www\.)?threads\.(?:com|net)/@(?P<id>[a-z0-9_.]{1,30})" + _tabs("replies reposts media"),
            "https://www.threads.com/@{id}",
            "@{id}",
        ),
        _route(
            r"(?:www\.)?threads\.(?:com|net)/intent/follow\?username=@?(?P<id>[a-z0-9_.]{1,30})",
            "https://www.threads.com/@{id}",
            "@{id}",
            param="username",
        ),
    ),
)

TIKTOK = Platform(
    "tiktok",
    ("tiktok.com",),
    (
        _route(
            r"(?:www\.|m\.)?tiktok\.com/@(?P<id>[a-z0-9_.]{1,24})" + _tabs("live liked"),
            "https://www.tiktok.com/@{id}",
            "@{id}",
        ),
    ),
)

INSTAGRAM = Platform(
    "instagram",
    ("instagram.com",),
    (
        _route(
            r"(?:www\.|m\.)?instagram\.com/(?:_u/)?@?(?P<id>[a-z0-9_][a-z0-9_.]{0,29})"
            + _tabs("reels tagged channel followers following guides saved feed"),
            "https://www.instagram.com/{id}",
        ),
    ),
    reserved_words.INSTAGRAM,
)

_FACEBOOK_HOST = (
    r"(?:(?:www\.|m\.|mbasic\.|web\.|touch\.|[a-z]{2}-[a-z]{2}\.)?facebook\.com|(?:www\.)?fb\.com)"
)
_FACEBOOK_PROFILE = "https://www.facebook.com/profile.php?id={id}"
FACEBOOK = Platform(
    "facebook",
    ("facebook.com", "fb.com"),
    (
        _route(
            rf"{_FACEBOOK_HOST}/profile\.php\?id=(?P<id>[1-9][0-9]{{3,19}})", _FACEBOOK_PROFILE, param="id"
        ),
        _route(rf"{_FACEBOOK_HOST}/people/{_ANY}/(?P<id>[1-9][0-9]{{3,19}})", _FACEBOOK_PROFILE),
        _route(rf"{_FACEBOOK_HOST}/(?P<id>[1-9][0-9]{{3,19}})", _FACEBOOK_PROFILE),
        _route(
            rf"{_FACEBOOK_HOST}/(?P<id>(?=[0-9.]{{0,50}}[a-z])[a-z0-9][a-z0-9.]{{3,49}})"
            + _tabs(
                "about events followers following friends likes live map mentions music photos photos_albums "
                "posts reels reels_tab reviews sports videos"
            ),
            "https://www.facebook.com/{id}",
        ),
    ),
    reserved_words.FACEBOOK,
)

_TELEGRAM_HOST = r"(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)"
_TELEGRAM_NAME = r"(?P<id>[a-z][a-z0-9_]{3,31})"
TELEGRAM = Platform(
    "telegram",
    ("t.me", "telegram.me", "telegram.dog"),
    (
        _route(rf"{_TELEGRAM_HOST}/(?:s/)?@?{_TELEGRAM_NAME}", "https://t.me/{id}"),
        _route(rf"{_TELEGRAM_NAME}\.t\.me", "https://t.me/{id}"),
    ),
    reserved_words.TELEGRAM,
)

STACKOVERFLOW = Platform(
    "stackoverflow",
    ("stackoverflow.com",),
    (
        _route(
            rf"(?:www\.)?stackoverflow\.com/users/(?P<id>[1-9][0-9]{{0,11}})(?:/{_ANY})?",
            "https://stackoverflow.com/users/{id}",
        ),
        _route(
            r"(?:www\.)?stackoverflow\.com/feeds/user/(?P<id>[1-9][0-9]{0,11})",
            "https://stackoverflow.com/users/{id}",
        ),
    ),
    feeds=re.compile(r"/feeds(?:/.*)?"),
)

PLATFORMS = (
    BLUESKY,
    X,
    LINKEDIN,
    GITHUB,
    REDDIT,
    HACKERNEWS,
    YOUTUBE,
    SUBSTACK,
    MEDIUM,
    THREADS,
    TIKTOK,
    INSTAGRAM,
    FACEBOOK,
    TELEGRAM,
    STACKOVERFLOW,
)
BY_DOMAIN = {domain: platform for platform in PLATFORMS for domain in platform.domains}

# Tabs of an account on a Mastodon server.
FEDIVERSE = re.compile(
    r"/(?:@(?P<at>[a-z0-9_](?:[a-z0-9_.-]{0,62}[a-z0-9_])?)(?:@(?P<home>[^/@]{3,253}))?"
    r"|users/(?P<user>[a-z0-9_](?:[a-z0-9_.-]{0,62}[a-z0-9_])?))"
    + _tabs("with_replies media followers following"),
    re.IGNORECASE | re.ASCII,
)

TRACKING = re.compile(
    r"(?:utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|igsh|mc_cid|mc_eid"
    r"|_hsenc|_hsmi|hsctatracking|mkt_tok|vero_id|oly_anon_id|oly_enc_id|wickedid|ref_src|ref_url|_ga|_gl|cmpid"
    r"|trk|trackingid|s_cid)",
    re.IGNORECASE | re.ASCII,
)
