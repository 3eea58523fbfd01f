"""One event is one line of JSON, whatever it is told."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from jobs.adapters import log

if TYPE_CHECKING:
    from collections.abc import Iterator

Capture = pytest.CaptureFixture[str]


class Unshowable:
    def __str__(self) -> str:
        raise RuntimeError


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    level, handlers = logging.root.level, logging.root.handlers
    log.setup()
    yield
    logging.root.setLevel(level)
    logging.root.handlers = handlers


def lines(capture: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_an_event_is_a_line_with_its_time_level_name_and_fields(capsys: Capture) -> None:
    log.event("job.settled", job_id=UUID(int=7), attempt=2, error=None)
    [line] = lines(capsys)
    assert list(line) == ["time", "level", "event", "job_id", "attempt", "error"]
    assert line["time"].endswith("Z")
    assert line | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "event": "job.settled",
        "job_id": str(UUID(int=7)),
        "attempt": 2,
        "error": None,
    }


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines\r\n\u2028\u0085 and a bell \x07",
        "\ud800 alone",
        b"bytes",
        float("nan"),
        {1: "a", (2,): "b"},
        LOOP,
        Unshowable(),
        "x" * 1_000_000,
        "\U0001f600" * 1_000_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_event_is_one_line_whatever_it_holds(capsys: Capture, value: object) -> None:
    log.event("odd", value=value, job_id="j")
    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert len(written.splitlines()) == 1
    assert len(written) <= log.LONGEST
    assert json.loads(written)["job_id"] == "j"


def test_a_level_below_the_one_set_up_is_not_logged(capsys: Capture) -> None:
    log.setup("ERROR")
    log.event("quiet")
    log.event("loud", level="ERROR")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_a_closed_output_is_nobodys_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise ValueError(text)

    monkeypatch.setattr(sys, "stdout", Closed())
    log.event("unheard")


def test_libraries_log_in_the_same_shape(capsys: Capture) -> None:
    logging.root.handlers = []
    log.setup()
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("library").exception("went\nwrong: %s", 7)
    [line] = lines(capsys)
    assert line["event"] == "log"
    assert line["logger"] == "library"
    assert line["message"] == "went\nwrong: 7"
    assert "ZeroDivisionError" in line["trace"]


def test_the_finest_level_of_libraries_is_kept_out(capsys: Capture) -> None:
    logging.root.handlers = []
    log.setup("DEBUG")
    logging.getLogger("botocore.auth").debug("CanonicalRequest: x-amz-security-token:secret")
    logging.getLogger("botocore.auth").info("found credentials")
    log.event("fine", level="DEBUG")
    assert [line.get("message", line["event"]) for line in lines(capsys)] == [
        "found credentials",
        "fine",
    ]


def test_a_handler_that_the_runtime_attached_is_kept_and_no_second_one_is_added() -> None:
    runtime_handler = logging.NullHandler()
    logging.root.handlers = [runtime_handler]
    log.setup()
    assert logging.root.handlers == [runtime_handler]


def test_a_handler_that_ends_no_line_gets_lines_that_end(capsys: Capture) -> None:
    class Sink(logging.Handler):
        """As Lambda's own: it writes what its formatter says, and nothing more."""

        def emit(self, record: logging.LogRecord) -> None:
            sys.stdout.write(self.format(record))

    logging.root.handlers = [Sink()]
    log.setup()
    logging.getLogger("library").warning("first")
    logging.getLogger("library").warning("second")
    assert [line["message"] for line in lines(capsys)] == ["first", "second"]
