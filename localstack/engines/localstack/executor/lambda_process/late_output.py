"""Writes the log of a call that ended after LocalStack replaced its function's version."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from localstack.aws.connect import connect_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localstack.services.lambda_.invocation.lambda_models import VersionIdentifier

log = logging.getLogger(__name__)


def write_late_output(version: VersionIdentifier, variables: Mapping[str, str], text: str) -> None:
    """Write `text` into the function's log group, as LocalStack would; a failure is logged."""
    group = variables["AWS_LAMBDA_LOG_GROUP_NAME"]
    stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": f"{line}\n"} for line in text.split("\n") if line]
    try:
        client = connect_to(aws_access_key_id=version.account, region_name=version.region).logs
        for make, names in (
            (client.create_log_group, {"logGroupName": group}),
            (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                make(**names)
            except client.exceptions.ResourceAlreadyExistsException:
                continue
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)
    except Exception as error:  # noqa: BLE001
        log.warning("the log of %s is lost: %s", version.function_name, error)
