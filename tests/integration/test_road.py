"""The road of a job through the code is short: files it passes through, and changes of file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jobs
from jobs.adapters import log
from jobs.core.best_effort import BestEffortQueue
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.drain import drain
from jobs.processors import JOB_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    import pytest

    from support.engine import Engine, MakeEngine

OURS = str(Path(str(jobs.__file__)).parent)

MAX_DRAIN_FILES, MAX_DRAIN_CHANGES, MAX_SUBMIT_FILES = 15, 90, 8


@dataclass
class Road:
    """The files of ours whose functions were called, and the calls from one file into another."""

    files: set[str] = field(default_factory=set)
    changes: int = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(OURS):
            return
        self.files.add(file.removeprefix(OURS))
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(OURS):
            caller = caller.f_back
        self.changes += caller is not None and caller.f_code.co_filename != file


def road(step: Callable[[], object]) -> Road:
    """The road that `step` takes."""
    found = Road()
    sys.setprofile(found)
    try:
        step()
    finally:
        sys.setprofile(None)
    return found


def logging_engine(make_engine: MakeEngine) -> Engine:
    """An engine that has worked before, and that writes its lines as the functions do."""
    engine = make_engine()
    object.__setattr__(engine.config, "log", log.event)
    for _ in range(2):
        engine.submit()
        engine.drain()
    return engine


def test_a_drain_of_one_job_passes_through_few_files(
    make_engine: MakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = logging_engine(make_engine)
    job_id = engine.submit()
    found = road(lambda: drain(engine.config, engine.invocation()))
    assert str(job_id) in capsys.readouterr().out
    assert engine.job(job_id).result is not None
    assert len(found.files) <= MAX_DRAIN_FILES, sorted(found.files)
    assert found.changes <= MAX_DRAIN_CHANGES


def test_a_submit_passes_through_few_files(make_engine: MakeEngine) -> None:
    engine = logging_engine(make_engine)
    queue = BestEffortQueue(engine.queue, log.event)
    submit = Submit(store=engine.store, publisher=Publisher(queue, engine.waker), types=JOB_TYPES)
    submit({"type": "CSV_EXPORT", "payload": {}})
    found = road(lambda: submit({"type": "CSV_EXPORT", "payload": {}}))
    assert len(found.files) <= MAX_SUBMIT_FILES, sorted(found.files)
