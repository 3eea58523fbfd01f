"""The requests that wait for a change, counted in Redis."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from jobs.adapters.redis.keys import POLLS
from jobs.adapters.redis.queue import translated
from jobs.adapters.redis.scripts import source

if TYPE_CHECKING:
    from redis import Redis, RedisCluster
    from redis.commands.core import Script


class RedisPollSlots:
    """`PollSlots` on Redis or Valkey: at most `most` are taken."""

    def __init__(self, client: Redis | RedisCluster, most: int) -> None:
        self._client = client
        self._most = most

    def take(self, slot: str, seconds: float) -> bool:
        with translated():
            return bool(self._take(keys=[POLLS], args=[slot, self._most, round(seconds * 1000)]))

    def release(self, slot: str) -> None:
        with translated():
            self._client.zrem(POLLS, slot)

    @cached_property
    def _take(self) -> Script:
        return self._client.register_script(source("take_poll_slot"))
