"""The way to Redis or Valkey: one server, or a cluster (`…?cluster=true`)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.retry import Retry

CONNECT_SECONDS = 0.3
ANSWER_SECONDS = 0.5


def connect(url: str) -> Redis | RedisCluster:
    """A client for `url` that connects when it is first used.

    A connection that died while the environment was frozen is replaced once; a server that does
    not answer is waited for once only, so that a caller is held up for half a second at most.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    clustered = options.pop("cluster", "false").lower() == "true"
    plain = parts._replace(query=urlencode(options)).geturl()
    timeouts = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }
    if clustered:
        return RedisCluster.from_url(plain, **timeouts)
    return Redis.from_url(
        plain,
        **timeouts,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
    )
