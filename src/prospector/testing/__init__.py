"""What a connector's author tests with: the standard tests, a context, a server that misbehaves.

A test of a connector is one class:

    class TestFeed(ConnectorTests):
        connector = Feed
        settings = {}
        profile = ProfileRef("feed", "https://blog.example/feed.xml", "blog.example")

        def routes(self, router):
            router.get("https://blog.example/feed.xml").respond(200, content=RECORDED)

Needs pytest and respx, which `prospector` itself does not.
"""

import pytest

pytest.register_assert_rewrite("prospector.testing.contract")

from prospector.testing.context import FakeContext, answering  # noqa: E402
from prospector.testing.contract import ConnectorTests, DeclarationTests  # noqa: E402
from prospector.testing.faults import FAULTS, Faults, FaultyServer  # noqa: E402

__all__ = [
    "FAULTS",
    "ConnectorTests",
    "DeclarationTests",
    "FakeContext",
    "Faults",
    "FaultyServer",
    "answering",
]
