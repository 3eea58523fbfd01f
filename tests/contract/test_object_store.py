"""What every `ObjectStore` does: the fake, and S3 as moto and as the local engine have it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from fakes.objects import FakeObjects
from jobs.adapters.s3 import Bucket, Links, connect
from jobs.core.errors import AttemptFailed, PermanentFailure, ResultGone
from stack.engines.ministack import Ministack
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from jobs.core.ports.objects import ObjectStore
    from stack.engines.engine import Engine

KEY = "output/1.csv"


@dataclass(frozen=True)
class Reader:
    """Links to what lies in a bucket, which has been there longer than the one to write to."""

    links: Links
    client: S3Client
    bucket: str

    def link(self) -> str:
        return self.links.link(self.bucket, KEY, seconds=300)

    def put(self) -> None:
        self.client.put_object(Bucket=self.bucket, Key=KEY, Body=b"a,b\r\n")


@dataclass(frozen=True)
class Shelf:
    """A store, and what lies in it (None: nothing)."""

    store: ObjectStore
    read: Callable[[str], bytes | None]


@pytest.fixture
def fake() -> Shelf:
    store = FakeObjects()
    return Shelf(store, store.contents.get)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.resource("s3").Bucket("exports").create(
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield shelf_on(connect(), "exports")


@pytest.fixture(scope="module")
def engine(servers_folder: Path) -> Iterator[Engine]:
    """The engine of the local stack, running."""
    server = Ministack(servers_folder / "engine", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ministack(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    for name, value in engine.environment().items():
        monkeypatch.setenv(name, value)
    bucket = f"exports-{uuid4()}"
    with closing(connect()) as client:
        client.create_bucket(Bucket=bucket)
        yield shelf_on(client, bucket)


def shelf_on(client: S3Client, bucket: str) -> Shelf:
    """The adapter over a bucket that exists, whatever serves it."""

    def read(key: str) -> bytes | None:
        found = client.list_objects_v2(Bucket=bucket, Prefix=key)
        if not found["KeyCount"]:
            return None
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()

    return Shelf(Bucket(client, bucket), read)


@pytest.fixture(params=["fake", "moto", "ministack"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    found: Shelf = request.getfixturevalue(request.param)
    return found


def put(shelf: Shelf, *body: bytes) -> int:
    """Write `body` under the key of all these tests; return the size that was told."""
    return shelf.store.put_once(KEY, body, content_type="text/csv").size


def test_an_object_is_written(shelf: Shelf) -> None:
    stored = shelf.store.put_once(KEY, (b"a,b\r\n", b"1,2\r\n"), content_type="text/csv")

    assert (stored.key, stored.size) == (KEY, 10)
    assert stored.bucket
    assert shelf.read(KEY) == b"a,b\r\n1,2\r\n"


@pytest.mark.parametrize("chunks", [0, 1, 12], ids=["empty", "one", "twelve MB"])
def test_an_object_may_have_any_size(shelf: Shelf, chunks: int) -> None:
    body = [b"%06d,\n" % number * 131072 for number in range(chunks)]

    assert put(shelf, *body) == len(b"".join(body))
    assert shelf.read(KEY) == b"".join(body)


def test_writing_the_same_again_is_done_already(shelf: Shelf) -> None:
    put(shelf, b"a,b\r\n")

    assert put(shelf, b"a,", b"b\r\n") == 5
    assert shelf.read(KEY) == b"a,b\r\n"


@pytest.mark.parametrize("other", [b"c,d\r\n", b"a,b\r\n1,2\r\n", b""])
def test_what_is_there_is_never_overwritten(shelf: Shelf, other: bytes) -> None:
    put(shelf, b"a,b\r\n")

    with pytest.raises(PermanentFailure, match=KEY):
        put(shelf, other)

    assert shelf.read(KEY) == b"a,b\r\n"


def test_a_body_that_breaks_off_leaves_nothing(shelf: Shelf) -> None:
    def body() -> Iterator[bytes]:
        yield b"a,b\r\n"
        raise AttemptFailed("the rows broke off")

    with pytest.raises(AttemptFailed, match="the rows broke off"):
        shelf.store.put_once(KEY, body(), content_type="text/csv")

    assert shelf.read(KEY) is None


def test_several_threads_may_write_the_same(shelf: Shelf) -> None:
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda _: put(shelf, b"a,b\r\n"), range(8)))

    assert sizes == [5] * 8
    assert shelf.read(KEY) == b"a,b\r\n"


def test_of_several_that_differ_one_wins(shelf: Shelf) -> None:
    def attempt(number: int) -> bytes | None:
        content = b"%d\r\n" % number
        try:
            put(shelf, content)
        except PermanentFailure:
            return None
        return content

    with ThreadPoolExecutor(8) as pool:
        (winner,) = filter(None, pool.map(attempt, range(8)))

    assert shelf.read(KEY) == winner


# Links


@pytest.fixture(params=["moto", "ministack"])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    request.getfixturevalue(request.param)
    bucket = f"older-{uuid4()}"
    with closing(connect()) as client:
        region: Any = client.meta.region_name
        # The first region of S3 is the one that may not be named.
        where: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else where))
        yield Reader(Links(connect), client, bucket)


def test_a_link_is_for_one_object_of_whichever_bucket_and_a_short_time(reader: Reader) -> None:
    reader.put()
    url = urlsplit(reader.link())
    assert reader.bucket in f"{url.netloc}{url.path}"
    assert url.path.endswith(f"/{KEY}")
    query = parse_qs(url.query)
    assert query["response-content-disposition"] == ['attachment; filename="1.csv"']
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]


def test_a_link_for_a_head_is_signed_for_it(reader: Reader) -> None:
    reader.put()
    head = reader.links.link(reader.bucket, KEY, seconds=300, head=True)
    signatures = {
        parse_qs(urlsplit(url).query)["X-Amz-Signature"][0] for url in (head, reader.link())
    }
    assert len(signatures) == 2
    assert urlsplit(head).path == urlsplit(reader.link()).path


def test_an_object_that_has_expired_is_gone(reader: Reader) -> None:
    reader.put()
    reader.link()
    reader.client.delete_object(Bucket=reader.bucket, Key=KEY)
    with pytest.raises(ResultGone):
        reader.link()


def test_what_was_in_a_bucket_that_was_deleted_is_gone(reader: Reader) -> None:
    reader.client.delete_bucket(Bucket=reader.bucket)
    with pytest.raises(ResultGone):
        reader.link()
