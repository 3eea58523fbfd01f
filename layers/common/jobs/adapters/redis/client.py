"""The way to Redis or Valkey: one server, or a cluster (`…?cluster=true`)."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.retry import Retry

from jobs.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 0.3
ANSWER_SECONDS = 0.5

_UNREADABLE = (
    "REDIS_URL cannot be read: its options are those of redis-py, and what has a meaning in a URL, "
    "such as /, ? and #, is written as %2F, %3F and %23 in its password"
)


def connect(url: str) -> Redis | RedisCluster:
    """A client for `url` that connects when it is first used.

    A connection that died while the environment was frozen is replaced once; a server that does
    not answer is waited for once only, so that a caller is held up for half a second at most
    (with a cluster for twice that: its nodes are asked for anew).

    Raises `ConfigurationError` for a URL that cannot be read.
    """
    try:
        urlsplit(url).port  # noqa: B018 - a cluster's client would read it no sooner than it is used
        return _client(url)
    except (TypeError, ValueError):
        # Not repeated: what is taken for a port may be a part of the password.
        raise ConfigurationError(_UNREADABLE) from None


def _client(url: str) -> Redis | RedisCluster:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    clustered = options.pop("cluster", "false").lower() == "true"
    plain = parts._replace(query=urlencode(options)).geturl()
    timeouts = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }
    if clustered:
        return cast("RedisCluster", _WhenUsed(partial(RedisCluster.from_url, plain, **timeouts)))
    client = Redis.from_url(
        plain,
        **timeouts,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
    )
    # Made and not connected: an option that there is not would come out with the first question.
    client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    return client


class _WhenUsed:
    """A cluster's client asks for the nodes when it is made: this makes it when it is used.

    An environment that starts while the cluster is away would not start otherwise.
    """

    def __init__(self, make: Callable[[], RedisCluster]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    @cached_property
    def _client(self) -> RedisCluster:
        return self._make()

    def close(self) -> None:
        if "_client" in vars(self):
            client: Any = self._client
            # Made from a URL, it leaves its connections open when it is closed.
            client.disconnect_connection_pools()
            client.close()
