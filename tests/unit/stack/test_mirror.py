"""The mirror copies missed and announced exports, from a bucket in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stack.mirror.folder import Folder
from stack.mirror.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "exports"


@dataclass(frozen=True)
class World:
    mirror: Mirror
    queue_url: str

    @property
    def files(self) -> dict[str, bytes]:
        folder = self.mirror.folder.path
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    def put(self, key: str, body: bytes) -> None:
        self.mirror.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def follow(self) -> int:
        return self.mirror.follow(self.queue_url, wait=0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with mock_aws():
        aws: dict[str, Any] = {"region_name": "us-east-1"}
        s3, sqs = boto3.client("s3", **aws), boto3.client("sqs", **aws)
        url = sqs.create_queue(QueueName="mirror")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        s3.create_bucket(Bucket=BUCKET)
        notification: Any = {
            "QueueConfigurations": [
                {
                    "QueueArn": attributes["Attributes"]["QueueArn"],
                    "Events": ["s3:ObjectCreated:*"],
                }
            ]
        }
        s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration=notification
        )
        yield World(Mirror(s3, sqs, Folder(tmp_path / "output")), url)


def test_what_is_announced_is_copied_once(world: World) -> None:
    world.put("output/a b.csv", b"id\r\n1\r\n")
    assert world.follow() >= 1
    assert world.files == {"a b.csv": b"id\r\n1\r\n"}
    while world.follow():
        pass
    assert world.mirror.catch_up(BUCKET) == 0


def test_all_objects_below_the_prefix_are_copied(world: World) -> None:
    names = ("a.jsonl", "reports/2026/b.pdf", "no-suffix")
    for name in names:
        world.put(f"output/{name}", name.encode())
    world.put("other/c.csv", b"no")
    while world.follow():
        pass
    assert world.files == {name: name.encode() for name in names}
    assert world.mirror.catch_up(BUCKET) == 0


def test_file_where_another_needs_a_folder_does_not_stop_the_mirror(world: World) -> None:
    for name in ("a", "a/b", "z"):
        world.put(f"output/{name}", name.encode())
    world.mirror.catch_up(BUCKET)
    while world.follow():
        pass
    assert world.files == {"a": b"a", "z": b"z"}


def test_what_was_missed_is_copied_at_the_start(world: World) -> None:
    for number in range(3):
        world.put(f"output/{number}.csv", b"%d" % number)
    world.mirror.folder.write("1.csv", [b"1"])
    assert world.mirror.catch_up(BUCKET) == 2
    assert world.files == {"0.csv": b"0", "1.csv": b"1", "2.csv": b"2"}


def test_keys_that_point_elsewhere_are_left_out_and_forgotten(world: World, tmp_path: Path) -> None:
    world.put("output/../../escaped.csv", b"no")
    world.put("output/ok.csv", b"yes")
    world.mirror.catch_up(BUCKET)
    while world.follow():
        pass
    assert world.files == {"ok.csv": b"yes"}
    assert [found.name for found in tmp_path.iterdir()] == ["output"]


def test_an_object_that_is_gone_is_forgotten(world: World) -> None:
    world.put("output/a.csv", b"1")
    world.mirror.s3.delete_object(Bucket=BUCKET, Key="output/a.csv")
    while world.follow():
        pass
    assert world.files == {}


def test_a_message_comes_again_when_its_copy_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("output/a.csv", b"1")
    while world.follow():
        pass
    record = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": "output/a.csv"}},
    }
    world.mirror.sqs.set_queue_attributes(
        QueueUrl=world.queue_url, Attributes={"VisibilityTimeout": "0"}
    )
    world.mirror.sqs.send_message(
        QueueUrl=world.queue_url, MessageBody=json.dumps({"Records": [record]})
    )
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", disk_full)
        with pytest.raises(OSError, match="No space left"):
            world.follow()
    assert world.follow() == 1


def disk_full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_bucket_that_refuses_is_not_taken_for_an_empty_one(world: World) -> None:
    with pytest.raises(ClientError):
        world.mirror.catch_up("no-such-bucket")
