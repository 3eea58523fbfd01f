"""No answer is larger than a Lambda function can answer, whatever the jobs hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.claim import Candidate
from jobs.core.errors import AttemptFailed, PermanentFailure
from jobs.core.job import Priority, Status
from jobs.core.job_request import OPTIONS
from jobs.core.job_type import JobContext, JobType
from jobs.core.list_jobs import MAX_PAGE_JOBS
from jobs.core.ports.store import MAX_ATTEMPTS_SHOWN
from jobs.core.retry import Outcome, Succeeded, decide
from jobs.core.worker.executor import MAX_ERROR_CHARACTERS, MAX_RESULT_BYTES, execute
from jobs.processors.email_send import compose
from support.claims import a_claim
from support.gateway import Answer, event, get, send
from support.recording import RecordingLog

if TYPE_CHECKING:
    from jobs.core.claim import Claim
    from support.world import World

MOST_BYTES = 6 * 1024 * 1024
"""The most that Lambda takes of an answer."""

LONGEST = "🎉"
"""As JSON in JSON it is as long as any character: 14 bytes, for the 4 that are stored."""

_TAGS = OPTIONS["tags"].schema
TAGS = [LONGEST * (_TAGS["items"]["maxLength"] - 2) + f"{n:02}" for n in range(_TAGS["maxItems"])]


def add(world: World, count: int = 1) -> list[UUID]:
    """Submit jobs with all the tags that they may have, newest first."""
    ids = []
    for _ in range(count):
        world.clock.advance(1)
        job = world.api().submit({"type": "CSV_EXPORT", "payload": {}, "tags": TAGS}).job
        ids.append(job.id)
    return ids[::-1]


def attempt(world: World, job_id: UUID, result: dict[str, Any] | Exception) -> Outcome:
    """Run an attempt that ends with `result`, and settle it."""

    def process(claim: Claim, context: JobContext) -> dict[str, Any]:
        if isinstance(result, Exception):
            raise result
        return result

    hint = Candidate(job_id, Priority.DEFAULT, 0.0)
    [claim] = world.store.claim([hint], uuid4(), lease=60, request_id=str(uuid4())).claims
    types = {claim.type: JobType(claim.type, process, 1.0)}
    outcome = execute(claim, types, JobContext(FakeObjects(), FakeMailer()), RecordingLog())
    assert world.store.settle([decide(claim, outcome)])
    return outcome


def page(cursor: str | None = None) -> Answer:
    query = {"limit": [str(MAX_PAGE_JOBS)]} | ({"cursor": [cursor]} if cursor else {})
    return send(event("GET", "/jobs", query=query))


def fits(answer: Answer) -> bool:
    """Whether it can leave the function, which escapes its text once more."""
    return answer.status == 200 and len(json.dumps(answer.text)) < MOST_BYTES


def largest() -> dict[str, Any]:
    """The largest result that is kept, of the characters that take the most room in an answer."""
    room = MAX_RESULT_BYTES - len(json.dumps({"text": ""}))
    return {"text": LONGEST * (room // len(LONGEST.encode()))}


def test_the_longest_page_that_clients_can_make_up_can_be_answered(world: World) -> None:
    claim = a_claim("EMAIL_SEND", {"to": "a@b", "template": LONGEST * 10_000})
    with pytest.raises(PermanentFailure) as failed:
        compose(claim, "example.com")
    add(world, MAX_PAGE_JOBS)
    for row in world.store.rows.values():
        row.error = str(failed.value)[:MAX_ERROR_CHARACTERS]
    answer = page()
    assert len(answer.json["jobs"]) == MAX_PAGE_JOBS
    assert fits(answer)


def test_pages_of_the_largest_jobs_end_early_and_leave_none_out(world: World) -> None:
    wanted = add(world, 25)
    for job_id in wanted[::2]:
        assert isinstance(attempt(world, job_id, largest()), Succeeded)
    for job_id in wanted[1::2]:
        world.store.rows[job_id].error = LONGEST * MAX_ERROR_CHARACTERS
    found: list[UUID] = []
    cursor, pages = None, 0
    while cursor or not pages:
        answer = page(cursor)
        assert fits(answer)
        found += [UUID(job["id"]) for job in answer.json["jobs"]]
        cursor, pages = answer.json["next"], pages + 1
    assert found == wanted
    assert 1 < pages < 8


def test_the_largest_job_can_be_shown_and_its_result_handed_out(world: World) -> None:
    [job_id] = add(world)
    attempt(world, job_id, largest())
    assert fits(get(job_id, include=["attempts"]))
    result = send(event("GET", "/jobs/{id}/result", id=str(job_id)))
    assert fits(result)
    assert result.json == largest()


def test_of_a_history_of_the_longest_errors_the_latest_are_shown(world: World) -> None:
    [job_id] = add(world)
    row = world.store.rows[job_id]
    while len(row.history) < MAX_ATTEMPTS_SHOWN:
        attempt(
            world, job_id, AttemptFailed(f"{len(row.history)}" + LONGEST * MAX_ERROR_CHARACTERS)
        )
        row.status, row.attempts = Status.PENDING, 0
        world.clock.advance(3600)
    attempt(world, job_id, largest())
    answer = get(job_id, include=["attempts"])
    assert fits(answer)
    shown = [each["requestId"] for each in answer.json["attemptHistory"]]
    assert len(shown) > 100
    assert shown == [each.request_id for each in row.history[-len(shown) :]]
