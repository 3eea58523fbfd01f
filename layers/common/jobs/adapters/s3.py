"""The bucket, on S3: an object is written once, complete or not at all."""

from __future__ import annotations

import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from jobs.adapters.aws_config import limits
from jobs.core.errors import AttemptFailed, PermanentFailure, ResultGone
from jobs.core.ports.objects import StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_s3 import S3Client

_IN_MEMORY = 4 * 2**20
"""Bytes of an object that are kept in memory; a larger one is on disk until it is sent."""

_PAUSES = (0.1, 0.3, 0.0)
"""Seconds after each try that met another writer at work; there are as many tries."""

_NOT_FOUND, _CONFLICT, _EXISTS = 404, 409, 412


def connect() -> S3Client:
    """A client that is safe to share between threads, within the `limits` of a job."""
    import boto3  # noqa: PLC0415 - half a second, only for callers that write objects

    # For links, where boto3 might choose the old one, which newer regions refuse.
    return boto3.client("s3", config=limits(signature_version="s3v4"))


@dataclass(frozen=True, slots=True)
class _Content:
    """The content to write: an open file, its size in bytes, its SHA-256 in base64."""

    file: IO[bytes]
    size: int
    checksum: str


class _Refused(AttemptFailed):
    """S3 answered with an error."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Bucket:
    """`ObjectStore` on one bucket. Safe to use from several threads."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        """Write an object, unless it is there with the same content already.

        Raises `PermanentFailure` if there is another content under `key`, `AttemptFailed` with
        S3's own code for everything else.
        """
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            content = _collect(body, file)
            self._write(key, content, content_type)
        return StoredObject(self._name, key, content.size)

    def ping(self) -> None:
        """Raise `AttemptFailed` if there is no such bucket, or it may not be used."""
        with _explained("find", self._name, ""):
            self._client.head_bucket(Bucket=self._name)

    def _write(self, key: str, content: _Content, content_type: str) -> None:
        refusal = None
        for pause in _PAUSES:
            try:
                self._put(key, content, content_type)
            except _Refused as error:
                if error.status not in (_CONFLICT, _EXISTS):
                    raise
                if error.status == _EXISTS and self._is_there(key, content):
                    return
                refusal = error
            else:
                return
            time.sleep(pause)
        raise AttemptFailed(f"{refusal}; another writer stayed in the way")

    def _put(self, key: str, content: _Content, content_type: str) -> None:
        content.file.seek(0)
        with _explained("write", self._name, key):
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=content.file,
                ContentLength=content.size,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=content.checksum,
                IfNoneMatch="*",
            )

    def _is_there(self, key: str, content: _Content) -> bool:
        try:
            with _explained("look at", self._name, key):
                head = self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
        except _Refused as refusal:
            if refusal.status == _NOT_FOUND:
                return False
            raise
        size, checksum = head["ContentLength"], head.get("ChecksumSHA256")
        if (size, checksum) == (content.size, content.checksum):
            return True
        raise PermanentFailure(
            f"S3 has another object at {_path(self._name, key)}, and it was left as it is: "
            f"{size} bytes with SHA-256 {checksum} instead of "
            f"{content.size} bytes with {content.checksum}"
        )


class Links:
    """`Links` by presigned URLs. `connect` makes the client, when it is first needed."""

    def __init__(self, connect: Callable[[], S3Client]) -> None:
        self._connect = connect

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()

    def link(self, bucket: str, key: str, *, seconds: int, head: bool = False) -> str:
        self._look_up(bucket, key)
        name = key.rpartition("/")[2]
        return self._client.generate_presigned_url(
            "head_object" if head else "get_object",
            Params={
                "Bucket": bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
            },
            ExpiresIn=seconds,
        )

    def _look_up(self, bucket: str, key: str) -> None:
        try:
            with _explained("look at", bucket, key):
                self._client.head_object(Bucket=bucket, Key=key)
        except _Refused as refusal:
            if refusal.status == _NOT_FOUND:
                raise ResultGone from refusal
        except AttemptFailed:
            # Whoever follows the link may meet an S3 that answers again.
            pass


@contextmanager
def _explained(verb: str, bucket: str, key: str) -> Iterator[None]:
    # Whoever made the client has loaded botocore; nobody else needs it.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    failed = f"S3 did not {verb} {_path(bucket, key)}"
    try:
        yield
    except ClientError as error:
        reason, answer = error.response["Error"], error.response["ResponseMetadata"]
        status = answer["HTTPStatusCode"]
        raise _Refused(
            f"{failed}: {reason.get('Code')}: {reason.get('Message')} (HTTP {status})", status
        ) from error
    except BotoCoreError as error:
        raise AttemptFailed(f"{failed}: {type(error).__name__}: {error}") from error


def _path(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def _collect(body: Iterable[bytes], file: IO[bytes]) -> _Content:
    digest = sha256()
    for chunk in body:
        digest.update(chunk)
        file.write(chunk)
    return _Content(file, file.tell(), b64encode(digest.digest()).decode())
