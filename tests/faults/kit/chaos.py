"""Things that go wrong all the time, each in a thread of its own, until they are told to stop."""

from __future__ import annotations

import contextlib
import signal
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING

import redis

from faults.kit.crash import crash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults.kit.cloud import Cloud
    from stack.servers.postgres import Postgres
    from stack.servers.redis import Redis

FLUSH_EVERY = 0.5
"""Seconds between two FLUSHALL."""


@dataclass
class Chaos:
    """What is done to whom; `done` counts it. `lease`: seconds. Times are drawn with `seed`."""

    cloud: Cloud
    postgres: Postgres
    redis: Redis
    lease: float
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    errors: list[BaseException] = field(default_factory=list)
    _over: Event = field(default_factory=Event)

    @contextmanager
    def reigning(self) -> Iterator[None]:
        """Let it all go wrong for as long as the block lasts."""
        todo = [self._flush, self._kill, self._freeze, self._crash_postgres, self._stop_redis]
        threads = [
            Thread(target=self._run, args=(step, Random(f"{self.seed} {n}")))
            for n, step in enumerate(todo)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        if self.errors:
            raise self.errors[0]

    def _run(self, step: Callable[[Random], None], random: Random) -> None:
        try:
            while not self._over.is_set():
                step(random)
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            self.errors.append(error)

    def _flush(self, _: Random) -> None:
        self._over.wait(FLUSH_EVERY)
        client = redis.Redis.from_url(self.redis.url(), socket_timeout=1)
        with contextlib.closing(client), contextlib.suppress(redis.RedisError):
            client.flushall()
            self.done["flushes"] += 1

    def _kill(self, random: Random) -> None:
        self._over.wait(random.uniform(1.0, 3.0))
        if busy := self.cloud.busy:
            random.choice(busy).signal(signal.SIGKILL)
            self.done["kills"] += 1

    def _freeze(self, random: Random) -> None:
        self._over.wait(random.uniform(1.0, 4.0))
        if busy := self.cloud.busy:
            chosen = random.choice(busy)
            chosen.signal(signal.SIGSTOP)
            # In full, even when the chaos ends meanwhile: a thaw too late is the point of it.
            time.sleep(self.lease * random.uniform(1.2, 2.5))
            chosen.signal(signal.SIGCONT)
            self.done["freezes"] += 1

    def _crash_postgres(self, random: Random) -> None:
        if not self._over.wait(random.uniform(5.0, 9.0)):
            crash(self.postgres)
            self.done["database crashes"] += 1

    def _stop_redis(self, random: Random) -> None:
        if not self._over.wait(random.uniform(8.0, 12.0)):
            self.redis.stop()
            self._over.wait(3.0)
            self.redis.start()
            self.done["queue outages"] += 1
