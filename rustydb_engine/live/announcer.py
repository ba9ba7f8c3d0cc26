"""From durable commits to those who want to know: the one reader of the database's feed.

    announcer.announce(durable_csn, now)       after a commit became durable, before its own session is answered
    announcer.take_awake()                     [owner, …]: whom the node lets run, as something waits for them

Nothing is announced that a crash could take back: news stays in the feed until the log is durable up to its commit. Everything is
announced in commit order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rustydb_engine.live.changes import Changes, Subscription
from rustydb_engine.live.channels import Channels, Listener

if TYPE_CHECKING:
    from rustydb_engine.config import Config
    from rustydb_engine.storage.feed import Feed


@final
class Announcer:
    """The channels and subscriptions of a database."""

    __slots__ = ("awake", "changes", "channels", "feed")

    def __init__(self, feed: Feed, config: Config) -> None:
        self.feed = feed
        self.awake: list[object] = []
        self.channels = Channels(config.notify_queue_bytes_max, self.awake)
        self.changes = Changes(feed, config.subscription_changes_max, config.subscription_bytes_max, self.awake)

    def limit(self, config: Config) -> None:
        """Change the limits from the next notification and change on."""
        self.channels.queue_bytes_max = config.notify_queue_bytes_max
        self.changes.changes_max = self.feed.changes_max = config.subscription_changes_max
        self.changes.bytes_max = config.subscription_bytes_max

    def announce(self, durable_csn: int, now: int) -> None:
        """Hand out the news of the commits that are durable; `now` (timestamptz) is when they became so."""
        for news in self.feed.take(durable_csn):
            if news.messages:
                self.channels.publish(news.process_id, news.messages)
            if news.tables:
                self.changes.publish(news, now)

    def take_awake(self) -> list[Listener | Subscription]:
        """Return those who got something since the last call, each once."""
        taken: list[Listener | Subscription] = []
        for item in self.awake:
            assert isinstance(item, Listener | Subscription), "only these are woken"
            item.waking = False
            taken.append(item)
        self.awake.clear()
        return taken
