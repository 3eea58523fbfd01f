"""What a client sees of jobs, from the rows and the queues to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.gateway import Answer, event, get, post, send

if TYPE_CHECKING:
    from integration.api.conftest import Live

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}


Query = dict[str, list[str]]


def jobs(query: Query) -> Answer:
    return send(event("GET", "/jobs", query=query or None))


def test_the_list_is_paged_through_to_its_end(live: Live) -> None:
    batch = [
        EXPORT | {"tags": ["t"], "type": ["CSV_EXPORT", "EMAIL_SEND"][n % 2]} for n in range(25)
    ]
    stored = post({"jobs": batch}, resource="/jobs/batch").json["jobs"]
    assert len(stored) == 25
    choices: list[Query] = [{}, {"tag": ["t"]}, {"status": ["pending"], "limit": ["7"]}]
    for filters in choices:
        found: list[str] = []
        cursor: Query = {}
        while True:
            answer = jobs({"limit": ["10"]} | filters | cursor)
            assert answer.status == 200
            found += [job["id"] for job in answer.json["jobs"]]
            if answer.json["next"] is None:
                break
            cursor = {"cursor": [answer.json["next"]]}
        assert sorted(found) == sorted(job["jobId"] for job in stored)
    assert live.sql("SELECT count(*) FROM job_tags") == [(25,)]


def test_a_cursor_outlives_the_environment_that_gave_it(live: Live) -> None:
    from jobs import bootstrap  # noqa: PLC0415 - to put it together anew

    post({"jobs": [EXPORT] * 3}, resource="/jobs/batch")
    cursor = jobs({"limit": ["2"]}).json["next"]
    bootstrap.api.cache_clear()
    assert len(jobs({"limit": ["2"], "cursor": [cursor]}).json["jobs"]) == 1
    assert live.engine.statuses() == {"pending": 3}


def test_of_attempts_without_end_the_latest_are_shown(live: Live) -> None:
    job_id = post(EXPORT).json["jobId"]
    live.sql(
        """
        INSERT INTO job_attempts (job_id, token, number, started_at, ended_at, outcome)
        SELECT %s, gen_random_uuid(), n, now() + n * interval '1 s', now(), 'failed'
        FROM generate_series(1, 1500) AS n
        """,
        job_id,
    )
    shown = get(job_id, include=["attempts"]).json["attemptHistory"]
    assert [each["number"] for each in shown] == [*range(501, 1501)]
