"""Clients that wait take nothing away from those that submit."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from redis import Redis

from jobs.adapters.redis.keys import POLLS
from stack.front import MAX_POLLS
from stack.waiting import wait_until
from stack.web import call

if TYPE_CHECKING:
    from support.local_stack import LocalStack

WAITING_CLIENTS = 60
JOB = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}


def test_sixty_waiting_clients_hold_up_no_job(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"n": 1}]}, delaySeconds=3600)
    poll = f"{stack.url}/jobs/{job_id}/events?wait=25"

    def watch() -> tuple[int, float]:
        return call(poll, seconds=60)[0], time.monotonic()

    with (
        Redis(port=int(stack.chosen["REDIS_PORT"])) as redis,
        ThreadPoolExecutor(WAITING_CLIENTS) as clients,
    ):
        waits = [clients.submit(watch) for _ in range(WAITING_CLIENTS)]
        wait_until(lambda: redis.zcard(POLLS) > 0, "clients that wait", seconds=60)
        answered = [call(f"{stack.url}/jobs", JOB, seconds=60)[0] for _ in range(5)]
        assert call(f"{stack.url}/health", seconds=60)[0] == 200
        ended = time.monotonic()
        found = [each.result() for each in waits]
        assert redis.zcard(POLLS) == 0
    assert answered == [201] * 5
    statuses = [status for status, _ in found]
    assert {*statuses} == {200, 429}
    assert statuses.count(200) <= MAX_POLLS
    assert ended < min(at for status, at in found if status == 200), "before a wait was over"
    stack.api.cancel(job_id)
