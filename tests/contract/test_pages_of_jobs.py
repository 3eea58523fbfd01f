"""How every `JobStore` lists jobs: the fake, and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.core.job import Job, NewJob, Priority, Status
from jobs.core.ports.store import Filters, PagePosition
from jobs.core.retry import Failed, Outcome, Succeeded

if TYPE_CHECKING:
    from support.rows import Rows

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT
WAYS = pytest.mark.parametrize(
    "way", [{}, {"tag": "t"}, {"owner": "me"}, {"owner": "me", "tag": "t"}], ids=str
)
"""The ways in which a listing is found, each with what it asks for."""
ENDS: dict[Status, Outcome] = {Status.COMPLETED: Succeeded({}), Status.FAILED: Failed("no")}


def add(rows: Rows, kind: str = "A", status: Status = Status.PENDING, **more: Any) -> Job:
    rows.advance(1)
    job = rows.store.insert(NewJob(uuid4(), kind, {}, **more))
    if status is not Status.PENDING:
        claim = rows.claim(job)
        if status in ENDS:
            rows.settle(claim, ENDS[status])
    return job


def ids(
    rows: Rows, place: PagePosition | None = None, limit: int = 100, **filters: Any
) -> list[UUID]:
    return [job.id for job in rows.store.page(Filters(**filters), place, limit)]


def test_nothing_is_listed_where_there_is_nothing(rows: Rows) -> None:
    assert ids(rows) == []
    assert ids(rows, types=("A",)) == []
    assert ids(rows, tag="t") == []


def test_all_are_listed_newest_first(rows: Rows) -> None:
    kinds = product("BAC", (Status.PENDING, Status.COMPLETED, Status.FAILED), Priority)
    wanted = [add(rows, kind, status, priority=queue).id for kind, status, queue in kinds]
    assert ids(rows) == wanted[::-1]
    assert ids(rows, limit=5) == wanted[:-6:-1]


def test_a_listed_job_is_the_job(rows: Rows) -> None:
    job = add(rows, tags=("t",), delay=5.0)
    assert list(rows.store.page(Filters(), None, 9)) == [rows.get(job.id)]
    assert list(rows.store.page(Filters(tag="t"), None, 9)) == [rows.get(job.id)]


def test_jobs_of_others_are_not_listed(rows: Rows) -> None:
    mine = add(rows, tags=("t", "u"), owner="me").id
    for owner in ("another", None):
        add(rows, owner=owner)
        add(rows, "B", tags=("t",), owner=owner)
    assert ids(rows, owner="me") == ids(rows, owner="me", tag="t") == [mine]
    assert ids(rows, owner="me", types=("B",)) == []
    assert ids(rows, owner="nobody") == ids(rows, owner="nobody", tag="t") == []
    assert len(ids(rows)) == 5


@WAYS
def test_every_choice_is_kept_to(rows: Rows, way: dict[str, Any]) -> None:
    statuses = (Status.PENDING, Status.PROCESSING, Status.FAILED)
    made = {
        (kind, status, queue): add(
            rows, kind, status, priority=queue, tags=("s", "t"), owner="me"
        ).id
        for kind, status, queue in product("AB", statuses, Priority)
    }
    add(rows, "C", tags=("other",), owner="me")
    for kinds, chosen, queues in product(
        [("A",), ("B", "A"), ("X",)], [statuses[:1], statuses[1:]], [(HIGH,), (DEFAULT, HIGH)]
    ):
        found = ids(rows, types=kinds, statuses=chosen, priorities=queues, **way)
        assert found == [
            job_id
            for (kind, status, queue), job_id in reversed(made.items())
            if kind in kinds and status in chosen and queue in queues
        ]


@WAYS
def test_a_range_of_time_includes_its_beginning_and_not_its_end(
    rows: Rows, way: dict[str, Any]
) -> None:
    jobs = [add(rows, tags=("t",), owner="me") for _ in range(4)]
    second, last = (rows.get(jobs[n].id).created_at for n in (1, 3))
    assert ids(rows, after=second, before=last, **way) == [jobs[2].id, jobs[1].id]
    assert ids(rows, after=last + timedelta(seconds=1), **way) == []
    place = PagePosition(last, jobs[3].id)
    assert ids(rows, place, before=second, **way) == [jobs[0].id]
    assert ids(rows, place, before=last + timedelta(seconds=1), **way)[0] == jobs[2].id


@WAYS
def test_a_page_begins_after_its_place(rows: Rows, way: dict[str, Any]) -> None:
    rows.store.insert_all(
        [NewJob(uuid4(), "AB"[n % 2], {}, tags=("t",), owner="me") for n in range(9)]
    )
    for _ in range(3):
        add(rows, tags=("t",), owner="me")
    everything = list(rows.store.page(Filters(**way), None, 100))
    assert len(everything) == 12
    for number, job in enumerate(everything):
        place = PagePosition(job.created_at, job.id)
        assert ids(rows, place, 3, **way) == [
            each.id for each in everything[number + 1 : number + 4]
        ]
