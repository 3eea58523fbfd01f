"""List jobs page by page, and what the query string may ask for."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from openapi_schema_validator import OAS31Validator

from jobs.core.errors import InvalidCursor
from jobs.core.job import Priority, Status
from jobs.core.list_jobs import (
    DEFAULT_PAGE_JOBS,
    FETCH_SIZE,
    MAX_PAGE_BYTES,
    MAX_PAGE_JOBS,
    ListJobs,
)
from jobs.core.ports.store import Filters
from support.gateway import Answer, event, post, send
from support.hooked import Hooked
from support.openapi import DOCUMENT

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def add(world: World, count: int = 1, **more: object) -> list[UUID]:
    """Submit jobs, a second apart, newest first."""
    ids = []
    for _ in range(count):
        world.clock.advance(1)
        ids.append(world.api().submit(JOB | more).job.id)
    return ids[::-1]


def get(**query: list[str]) -> Answer:
    return send(event("GET", "/jobs", query=query or None))


def ids(answer: Answer) -> list[UUID]:
    assert answer.status == 200, answer.text
    return [UUID(job["id"]) for job in answer.json["jobs"]]


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    wanted = add(world, 7)
    list_jobs, cursor, found, pages = world.api().list_jobs, None, [], 0
    while True:
        page = list_jobs(Filters(), limit=3, cursor=cursor)
        found += [job.id for job in page.jobs]
        pages += 1
        add(world)  # what is new does not shift what comes after the cursor
        if (cursor := page.next) is None:
            break
    assert (found, pages) == (wanted, 3)


def test_jobs_of_the_same_moment_are_each_listed_once(world: World) -> None:
    wanted = {world.api().submit(JOB).job.id for _ in range(10)}
    found: list[UUID] = []
    cursor = None
    for _ in range(5):
        page = world.api().list_jobs(Filters(), limit=2, cursor=cursor)
        found += [job.id for job in page.jobs]
        cursor = page.next
    assert cursor is None
    assert (len(found), set(found)) == (10, wanted)


def test_a_last_page_that_is_full_has_no_next(world: World) -> None:
    add(world, 4)
    first = world.api().list_jobs(Filters(), limit=2)
    assert world.api().list_jobs(Filters(), limit=2, cursor=first.next).next is None


@pytest.mark.parametrize(
    "limit", [FETCH_SIZE - 1, FETCH_SIZE, FETCH_SIZE + 1, 3 * FETCH_SIZE, MAX_PAGE_JOBS]
)
def test_jobs_are_read_a_handful_at_a_time(world: World, limit: int) -> None:
    wanted = add(world, limit + 1)
    asked: list[int] = []
    store: Any = Hooked(world.store, before={"page": lambda *given: asked.append(given[2])})
    list_jobs = ListJobs(store=store, secret=b"secret")
    first = list_jobs(Filters(), limit=limit)
    assert max(asked) <= FETCH_SIZE
    assert sum(asked) == limit + 1
    last = list_jobs(Filters(), limit=limit, cursor=first.next)
    assert [job.id for job in (*first.jobs, *last.jobs)] == wanted
    assert last.next is None


def test_a_page_ends_before_it_is_too_large(world: World) -> None:
    wanted = add(world, 8)
    list_jobs = world.api().list_jobs
    sizes = dict(
        zip(
            wanted,
            [MAX_PAGE_BYTES - 2, 1, 1, 2, MAX_PAGE_BYTES + 1, 1, MAX_PAGE_BYTES, 0],
            strict=True,
        )
    )
    pages: list[int] = []
    found: list[UUID] = []
    cursor = None
    while cursor or not pages:
        page = list_jobs(Filters(), cursor=cursor, size=lambda job: sizes[job.id])
        pages.append(len(page.jobs))
        found += [job.id for job in page.jobs]
        cursor = page.next
    assert pages == [3, 1, 1, 1, 2], "one that is too large has a page of its own"
    assert found == wanted


def test_a_cursor_is_good_for_its_own_listing_alone(world: World) -> None:
    add(world, 3)
    cursor = world.api().list_jobs(Filters(), limit=1).next
    assert cursor
    for filters in (Filters(types=("X",)), Filters(tag="t"), Filters((Status.FAILED,))):
        with pytest.raises(InvalidCursor):
            world.api().list_jobs(filters, cursor=cursor)
    with pytest.raises(InvalidCursor):
        ListJobs(store=world.store, secret=b"another secret")(Filters(), cursor=cursor)


def test_a_cursor_cannot_be_made_up(world: World) -> None:
    add(world, 2)
    cursor = world.api().list_jobs(Filters(), limit=1).next
    assert cursor
    signed = bytearray(base64.urlsafe_b64decode(cursor + "=="))
    for at in range(len(signed)):
        signed[at] ^= 1
        forged = base64.urlsafe_b64encode(signed).decode()
        with pytest.raises(InvalidCursor):
            world.api().list_jobs(Filters(), cursor=forged)
        signed[at] ^= 1
    for wrong in ("", "x", cursor[:-1], cursor * 2, "é", "\ud800", "=" * 100_000):
        with pytest.raises(InvalidCursor):
            world.api().list_jobs(Filters(), cursor=wrong)


# The query string


def test_without_a_query_the_newest_are_listed(world: World) -> None:
    wanted = add(world, DEFAULT_PAGE_JOBS + 1)
    answer = get()
    assert ids(answer) == wanted[:DEFAULT_PAGE_JOBS]
    assert ids(get(cursor=[answer.json["next"]])) == wanted[DEFAULT_PAGE_JOBS:]
    assert ids(get(limit=[str(MAX_PAGE_JOBS)])) == wanted
    job = answer.json["jobs"][0]
    assert list(job)[:5] == ["id", "type", "status", "priority", "attempts"]
    assert "attemptHistory" not in job


def test_every_filter_filters(world: World) -> None:
    [tagged] = add(world, tags=["é", "a"])
    [high] = add(world, priority="high")
    [mail] = add(world, type="EMAIL_SEND")
    world.store.rows[mail].status = Status.FAILED
    assert ids(get(tag=["é"])) == [tagged]
    assert ids(get(tag=["é"], priority=["high"])) == []
    assert ids(get(priority=["high"])) == [high]
    assert ids(get(type=["EMAIL_SEND", "EMAIL_SEND"])) == [mail]
    assert ids(get(status=["failed"])) == [mail]
    assert ids(get(status=["failed", "pending"], type=["CSV_EXPORT"])) == [high, tagged]
    created = get(tag=["é"]).json["jobs"][0]["createdAt"]
    assert ids(get(createdAfter=[created])) == [mail, high, tagged]
    assert ids(get(createdBefore=[created])) == []
    assert ids(get(createdBefore=["2999-01-01T00:00:00 02:00"])) == [mail, high, tagged]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("status", "done", "pending, processing, completed, failed, cancelled"),
        ("priority", "HIGH", "high, default"),
        ("type", "", "1 to 200 characters"),
        ("type", "a\x00", "control character"),
        ("type", "\ud800", "control character"),
        ("tag", "x" * 201, "1 to 200 characters"),
        ("createdAfter", "yesterday", "2027-01-31T08:00:00Z"),
        ("createdBefore", "2027-01-31", "2027-01-31T08:00:00Z"),
        ("limit", "0", "1 to 200"),
        ("limit", "201", "1 to 200"),
        ("limit", "9" * 5000, "1 to 200"),
        ("limit", "٣", "1 to 200"),
        ("limit", "-1", "1 to 200"),
        ("statuss", "failed", "'statuss' is unknown: there is status, type"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_cannot_be_asked_for_is_refused_by_name(name: str, value: str, said: str) -> None:
    answer = get(**{name: [value]})
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-query")
    assert said in answer.json["detail"]


@pytest.mark.usefixtures("world")
def test_what_may_be_given_once_is_refused_twice() -> None:
    for name in ("tag", "limit", "cursor", "createdAfter", "createdBefore"):
        answer = get(**{name: ["1", "2"]})
        assert answer.json["detail"] == f"{name} may be given once"
    answer = get(type=[f"{n}" for n in range(21)])
    assert answer.json["detail"] == "type may be given 20 times at most"


@pytest.mark.usefixtures("world")
def test_a_cursor_of_another_listing_is_a_problem_of_the_client() -> None:
    answer = get(cursor=["made up"])
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-cursor")


def test_a_listing_leaves_no_cursor_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    add(world, 2)
    cursor = get(limit=["1"]).json["next"]
    get(limit=["1"], cursor=[cursor])
    text = capsys.readouterr().out
    assert cursor not in text
    assert [json.loads(line)["status"] for line in text.splitlines()] == [200, 200]


def test_a_job_is_listed_as_it_is_shown(world: World) -> None:
    post(JOB)
    [listed] = get().json["jobs"]
    shown = send(event("GET", "/jobs/{id}", id=listed["id"])).json
    assert {name: shown[name] for name in listed} == listed
    assert world.store.rows[UUID(listed["id"])].job.priority is Priority.DEFAULT


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "word", ["a", "é\x80 b", "a" * 200, "", "a" * 201, "a\x1fb", "\x7f", "a\nb"]
)
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [("GET", "/jobs", "type"), ("GET", "/jobs", "tag"), ("POST", "/jobs/retry", "type")],
)
def test_a_word_is_taken_if_the_document_says_so(
    method: str, path: str, name: str, word: str
) -> None:
    [told] = [
        each["schema"]
        for each in DOCUMENT["paths"][path][method.lower()]["parameters"]
        if each["name"] == name
    ]
    assert told.get("items", told) == {"$ref": "#/components/schemas/Word"}
    fits = OAS31Validator(DOCUMENT["components"]["schemas"]["Word"]).is_valid(word)

    assert send(event(method, path, query={name: [word]})).status == (200 if fits else 400)
