"""An S3 that fails, loses its answers or has other writers, seen through a real client."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.adapters.aws_config import MAX_CALL_SECONDS
from jobs.adapters.s3 import Bucket, Links, connect
from jobs.core.errors import AttemptFailed, PermanentFailure
from jobs.processors.csv_export import MAX_SECONDS
from outside.s3 import CUT, S3Stub, s3_stub
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
KEY = "output/1.csv"
PATH = f"/exports/{KEY}"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Stub]:
    with s3_stub() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def bucket(stub: S3Stub) -> Iterator[Bucket]:
    with closing(connect()) as client:
        yield Bucket(client, "exports")


def put(bucket: Bucket, *body: bytes) -> None:
    bucket.put_once(KEY, body or (b"a,b\r\n",), content_type="text/csv")


def contents(stub: S3Stub) -> dict[str, bytes]:
    return {path: body for path, (body, _) in stub.objects.items()}


def test_a_passing_error_is_overcome_in_the_same_attempt(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.append(503)

    put(bucket)

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_a_lasting_error_fails_with_the_code_of_the_service(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.extend([500] * 100)

    with pytest.raises(AttemptFailed, match=rf"s3://exports/{KEY}: InternalError: .*\(HTTP 500\)"):
        put(bucket)

    assert stub.writes == 2


def test_missing_rights_fail_with_the_code_of_the_service(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.append(403)

    with pytest.raises(AttemptFailed, match="AccessDenied") as failed:
        put(bucket)

    assert not isinstance(failed.value, PermanentFailure)


def test_an_answer_that_got_lost_is_found_out(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.append(CUT)

    put(bucket)

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_after_a_lost_answer_the_next_attempt_finds_its_own_object(
    stub: S3Stub, bucket: Bucket
) -> None:
    stub.faults.extend([CUT, 503])
    with pytest.raises(AttemptFailed, match="SlowDown"):
        put(bucket)

    put(bucket)

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_another_writer_at_the_same_moment_is_given_way(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.extend([409, 409])

    put(bucket)

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_another_writer_that_never_ends_is_not_waited_for(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.extend([409] * 100)

    with pytest.raises(AttemptFailed, match=r"ConditionalRequestConflict.*another writer"):
        put(bucket)

    assert stub.writes == 3


def test_an_object_that_goes_away_again_is_written(stub: S3Stub, bucket: Bucket) -> None:
    stub.faults.append(412)

    put(bucket)

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_an_object_of_the_same_size_and_other_content_is_told_apart(
    stub: S3Stub, bucket: Bucket
) -> None:
    put(bucket, b"a,b\r\n")

    with pytest.raises(PermanentFailure, match=f"another object at s3://exports/{KEY}.*5 bytes"):
        put(bucket, b"a,c\r\n")

    assert contents(stub) == {PATH: b"a,b\r\n"}


def test_nobody_there_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with closing(connect()) as client, pytest.raises(AttemptFailed, match="EndpointConnection"):
        put(Bucket(client, "exports"))


def test_an_export_may_wait_for_a_write_and_a_look_within_its_budget() -> None:
    assert 2 * MAX_CALL_SECONDS <= MAX_SECONDS


EXPORT = """
import sys, tracemalloc
from fakes.mailer import FakeMailer
from jobs.adapters.s3 import Bucket, Links, connect
from jobs.core.job_type import JobContext
from jobs.processors import JOB_TYPES
from support.claims import a_claim

row = {"text": "x" * 1000, "number": 1.5, "list": [1, 2, 3]}
claim = a_claim("CSV_EXPORT", {"data": [row] * int(sys.argv[1])})
tools = JobContext(Bucket(connect(), "exports"), FakeMailer())
tracemalloc.start()
size = JOB_TYPES["CSV_EXPORT"].process(claim, tools)["size"]
print(size, tracemalloc.get_traced_memory()[1])
"""


def export(rows: int) -> tuple[int, int]:
    """Export `rows` rows in a process of its own: bytes written, and most bytes held at once."""
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(rows)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    size, peak = map(int, done.stdout.split())
    return size, peak


def test_a_huge_export_needs_no_more_memory_than_a_large_one(stub: S3Stub) -> None:
    large, peak_of_large = export(8_000)
    stub.objects.clear()
    huge, peak_of_huge = export(64_000)

    assert [len(body) for body, _ in stub.objects.values()] == [huge]
    assert huge > 7 * large
    assert peak_of_huge < 1.5 * peak_of_large
    assert peak_of_huge < huge / 3


@pytest.mark.parametrize("faults", [[403], [500] * 9, [CUT] * 9], ids=["403", "500", "cut"])
def test_a_link_is_given_where_s3_does_not_say_that_the_object_is_gone(
    stub: S3Stub, faults: list[int]
) -> None:
    stub.faults.extend(faults)
    link = Links(connect).link("exports", KEY, seconds=60)
    assert link.startswith(f"{stub.url}{PATH}?")
    assert len(stub.faults) < len(faults)
