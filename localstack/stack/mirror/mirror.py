"""Copies exports from the bucket to the folder: missed ones first, then announced ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from stack.mirror.announcement import announced
from stack.mirror.folder import PREFIX, NameTakenError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from stack.mirror.folder import Folder

CHUNK_BYTES = 1 << 20
GONE = {"NoSuchKey", "NoSuchBucket", "404"}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mirror:
    """Copies the exports of one engine into `folder`."""

    s3: S3Client
    sqs: SQSClient
    folder: Folder

    def catch_up(self, bucket: str) -> int:
        """Copy every export that the folder lacks; returns how many were copied."""
        copied = 0
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
        for page in pages:
            for found in page.get("Contents", []):
                name = self.folder.name_of(found["Key"])
                if name is None or self.folder.has(
                    name, size=found["Size"], since=found["LastModified"]
                ):
                    continue
                self._copy(bucket, found["Key"], name)
                copied += 1
        return copied

    def follow(self, queue_url: str, *, wait: int) -> int:
        """Copy the exports announced within `wait` seconds; returns how many messages came.

        A message is deleted after its files are written, so that it comes again after a crash.
        """
        answer = self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait
        )
        messages = answer.get("Messages", [])
        for message in messages:
            for bucket, key in announced(message["Body"]):
                if (name := self.folder.name_of(key)) is None:
                    log.warning("left out %r: no name for a file in the folder", key)
                else:
                    self._copy(bucket, key, name)
            self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _copy(self, bucket: str, key: str, name: str) -> None:
        try:
            body = self.s3.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
            log.warning("%s is gone before it could be copied", key)
            return
        try:
            path = self.folder.write(name, body.iter_chunks(CHUNK_BYTES))
        except NameTakenError as error:
            log.warning("left out %r: %s", key, error)
            return
        log.info("%s -> %s", key, path)
