"""Links to objects in the bucket, for those who may not read it themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client


class S3Links:
    """`Links` by presigned URLs. `connect` makes the client, when it is first needed."""

    def __init__(self, connect: Callable[[], S3Client], bucket: str) -> None:
        self._connect = connect
        self._bucket = bucket
        self._client: S3Client | None = None

    def link(self, key: str, *, seconds: int) -> str:
        if not self._bucket:
            raise ConfigurationError("BUCKET is not set")
        if self._client is None:
            self._client = self._connect()
        name = key.rpartition("/")[2]
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
            },
            ExpiresIn=seconds,
        )
