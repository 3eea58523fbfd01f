"""Why a job waits, told from its row and its place in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jobs.core.errors import QueueUnavailable
from jobs.core.model import Hint, Job
from jobs.core.outcome import Done, TryAgain
from jobs.core.retry import decide
from jobs.core.waiting import Reason, Waiting
from support.gateway import get, post

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def submit(world: World, **more: object) -> Job:
    return world.api().submit(JOB | more)


def why(world: World, job: Job) -> Waiting | None:
    read = world.api().read
    return read.waiting(read(job.id))


def attempt(world: World, job: Job, outcome: TryAgain | Done) -> None:
    hints = [Hint(job.id, job.priority, 0.0)]
    claimed = world.store.claim(hints, uuid4(), lease=9, request_id=None)
    world.store.settle([decide(claim, outcome) for claim in claimed.claims])


def test_a_job_waits_for_its_turn_behind_its_queue_and_the_more_urgent_one(world: World) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(submit(world))
        world.clock.advance(0.1)
    high = submit(world, priority="high")
    submit(world, delaySeconds=1)
    world.queue.take("poller", limit=0, lease=9)
    assert [why(world, job) for job in jobs] == [
        Waiting(Reason.QUEUED, position) for position in (2, 3, 4)
    ]
    assert why(world, high) == Waiting(Reason.QUEUED, 1)


def test_a_poller_that_was_woken_counts_until_it_should_be_there(world: World) -> None:
    job = submit(world)
    assert why(world, job) == Waiting(Reason.QUEUED, 1)
    world.clock.advance(60)
    assert why(world, job) == Waiting(Reason.NO_POLLER, 1)


def test_a_job_waits_until_its_time(world: World) -> None:
    job = submit(world, delaySeconds=3)
    assert why(world, job) == Waiting(Reason.SCHEDULED, until=job.due_at)
    world.clock.advance(3)
    waiting = why(world, job)
    assert waiting
    assert waiting.reason is Reason.QUEUED


def test_a_job_waits_out_its_backoff(world: World) -> None:
    job = submit(world)
    attempt(world, job, TryAgain("no"))
    waiting = why(world, job)
    assert waiting
    assert (waiting.reason, waiting.position) == (Reason.BACKOFF, None)
    assert waiting.until


def test_a_job_that_runs_or_has_ended_waits_for_nothing(world: World) -> None:
    job = submit(world)
    world.store.claim([Hint(job.id, job.priority, 0.0)], uuid4(), lease=9, request_id=None)
    assert why(world, job) is None
    done = submit(world)
    attempt(world, done, Done({}))
    assert why(world, done) is None


def test_without_the_queue_a_job_is_shown_with_what_is_known(world: World) -> None:
    job = submit(world)
    world.queue.fault = QueueUnavailable("gone")
    assert why(world, job) == Waiting(Reason.QUEUED)
    [(event, fields)] = world.events
    assert (event, fields["job_id"]) == ("standing.unknown", job.id)


def test_an_entry_that_was_lost_has_no_position(world: World) -> None:
    job = submit(world)
    world.queue.flush()
    assert why(world, job) == Waiting(Reason.NO_POLLER)


def test_it_is_shown_with_the_job(world: World) -> None:
    world.clock.now = 1_769_509_800.0
    job_id = UUID(post(JOB).json["jobId"])
    job = get(job_id).json
    assert job["waiting"] == {"reason": "queued", "position": 1}
    assert job["nextRunAt"] == "2026-01-27T10:30:00.000Z"
    later = UUID(post(JOB | {"delaySeconds": 2.5, "tags": ["a"]}).json["jobId"])
    job = get(later).json
    assert job["waiting"] == {"reason": "scheduled", "until": "2026-01-27T10:30:02.500Z"}
    assert (job["nextRunAt"], job["tags"]) == ("2026-01-27T10:30:02.500Z", ["a"])
