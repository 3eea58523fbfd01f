"""Each new line of a log is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stack.logs import FileLog, GroupLog

if TYPE_CHECKING:
    from pathlib import Path


def test_the_last_lines_come_first_then_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\ntwo\nthree\n")
    log = FileLog(path, backlog=2)
    assert log.lines() == ["two", "three"]
    assert log.lines() == []
    with path.open("a") as file:
        file.write("four\nfi")
    assert log.lines() == ["four"]
    with path.open("a") as file:
        file.write("ve\n")
    assert log.lines() == ["five"]


def test_a_file_that_comes_later_or_anew_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = FileLog(path, backlog=2)
    assert log.lines() == []
    path.write_text("one\n")
    assert log.lines() == ["one"]
    path.write_text("x\n")
    assert log.lines() == ["x"]


class Group:
    """A list as CloudWatch Logs, with the two calls that `GroupLog` makes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, stream: str, when: int, *messages: str) -> None:
        for message in messages:
            self.events.append({"logStreamName": stream, "timestamp": when, "message": message})

    def get_paginator(self, name: str) -> Group:
        assert name == "filter_log_events"
        return self

    def paginate(self, *, logGroupName: str, startTime: int) -> list[dict[str, Any]]:  # noqa: N803
        assert logGroupName == "/aws/lambda/f"
        return [{"events": [e for e in self.events if e["timestamp"] >= startTime]}]


def test_equal_lines_of_a_function_are_each_shown_once() -> None:
    group = Group()
    later = 10**15
    group.add("a", later, "same", "same")
    log = GroupLog(group, "/aws/lambda/f", backlog=10)
    assert log.lines() == ["same", "same"]
    group.add("b", later, "same")
    assert log.lines() == ["same"]
    assert log.lines() == []
