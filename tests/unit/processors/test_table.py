"""The table of the job types: complete, and each processor imported only when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs import processors
from jobs.core.best_effort import BestEffortQueue
from jobs.core.errors import ProcessorUnavailable
from jobs.core.job_type import JobContext
from jobs.core.retry import Outcome, Retry, Succeeded
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.executor import execute
from jobs.processors import ALL_TYPES, JOB_TYPES, JobTypes
from support.claims import a_claim
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.world import World

FOLDER = Path(str(processors.__file__)).parent

FINE = """
from jobs.core.job_type import JobType

JOB_TYPE = JobType("FINE", lambda claim, context: {"ran": claim.type}, 1.0)
"""


def modules_of(names: set[str]) -> set[str]:
    return {ALL_TYPES[name].process.__module__.split(".")[-1] for name in names}


def test_every_module_beside_the_table_is_in_it() -> None:
    modules = {path.stem for path in FOLDER.glob("[!_]*.py")}
    internal = {path.stem for path in (FOLDER / "internal").glob("[!_]*.py")}

    assert modules_of({*JOB_TYPES}) == modules
    assert {name.lower() for name in JOB_TYPES} == modules
    assert modules_of(ALL_TYPES.keys() - JOB_TYPES.keys()) == internal
    assert {*JOB_TYPES} < {*ALL_TYPES}


def test_a_budget_is_within_what_a_poller_has() -> None:
    assert all(0 < job_type.max_seconds <= 120 for job_type in ALL_TYPES.values())


@pytest.mark.parametrize("asked", ["list(ALL_TYPES)", "list(ALL_TYPES.values())"])
def test_who_only_asks_for_the_types_waits_for_no_library(asked: str) -> None:
    program = (
        f"import sys; from jobs.processors import ALL_TYPES; {asked}; "
        "print({'jinja2', 'smtplib', 'boto3', 'botocore'} & set(sys.modules))"
    )

    assert printed(program) == "set()\n"


def test_who_only_asks_for_the_names_imports_no_processor() -> None:
    program = (
        "import sys; from jobs.processors import ALL_TYPES; "
        "assert 'EMAIL_SEND' in ALL_TYPES and len(list(ALL_TYPES)) == len(ALL_TYPES); "
        "print([name for name in sys.modules if name.startswith('jobs.processors.')])"
    )

    assert printed(program) == "[]\n"


def printed(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout


# A module that cannot be imported


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """More modules of the package `jobs.processors`, forgotten after the test."""
    before = {*sys.modules}
    monkeypatch.setattr(processors, "__path__", [*processors.__path__, str(tmp_path)])
    (tmp_path / "fine_type.py").write_text(FINE)
    yield tmp_path
    for name in {*sys.modules} - before:
        if name.startswith("jobs.processors."):
            del sys.modules[name]
            vars(processors).pop(name.rpartition(".")[2], None)


def table(folder: Path, source: str) -> JobTypes:
    """One type that is fine, and one whose module holds `source`."""
    (folder / "broken_type.py").write_text(source)
    return JobTypes({"BROKEN": "broken_type", "FINE": "fine_type"})


def run(types: JobTypes, name: str) -> Outcome:
    context = JobContext(FakeObjects(), FakeMailer())
    return execute(a_claim(name, {}), types, context, RecordingLog())


SYNTAX_ERROR = "import json\n\ndef process(claim, context)\n    return {}\n"
BUG = "import json\n\nMOST = 1 / 0\n"
NOT_INSTALLED = "\nimport no_such_library\n"

CANNOT = pytest.mark.parametrize(
    ("source", "said"),
    [
        (SYNTAX_ERROR, "broken_type.py:3: SyntaxError: expected ':'"),
        (BUG, "broken_type.py:3: ZeroDivisionError: division by zero"),
        (
            NOT_INSTALLED,
            "broken_type.py:2: ModuleNotFoundError: No module named 'no_such_library'",
        ),
        (
            "TYPE = 1\n",
            "broken_type.py:1: AttributeError: "
            "module 'jobs.processors.broken_type' has no attribute 'JOB_TYPE'",
        ),
    ],
    ids=["syntax", "bug", "library", "no type"],
)


@CANNOT
def test_the_attempt_of_a_type_that_cannot_be_imported_fails_and_says_where(
    folder: Path, source: str, said: str
) -> None:
    types = table(folder, source)
    assert run(types, "BROKEN") == Retry(f"the processor of BROKEN cannot be imported: {said}")
    assert run(types, "FINE") == Succeeded({"ran": "FINE"})


@CANNOT
def test_jobs_of_all_types_are_accepted_while_one_cannot_be_imported(
    world: World, folder: Path, source: str, said: str
) -> None:
    del said
    publisher = Publisher(BestEffortQueue(world.queue, world.log), world.waker)
    submit = Submit(store=world.store, publisher=publisher, types=table(folder, source))
    bodies: list[dict[str, Any]] = [
        {"type": name, "payload": {}, "timeoutSeconds": 1} for name in ("FINE", "BROKEN")
    ]
    accepted = [submit(body) for body in bodies] + submit.many({"jobs": bodies})
    assert [each.job.type for each in accepted] == ["FINE", "BROKEN"] * 2


def test_a_module_is_imported_again_once_it_is_mended(folder: Path) -> None:
    types = table(folder, SYNTAX_ERROR)
    assert isinstance(run(types, "BROKEN"), Retry)
    (folder / "broken_type.py").write_text(FINE.replace("FINE", "BROKEN"))
    assert run(types, "BROKEN") == Succeeded({"ran": "BROKEN"})


def test_a_module_that_holds_another_type_than_the_table_says_is_refused(folder: Path) -> None:
    types = table(folder, FINE.replace("FINE", "OTHER"))
    with pytest.raises(ProcessorUnavailable, match="holds the type OTHER, and the table says BROK"):
        types["BROKEN"]
    with pytest.raises(KeyError):
        types["UNKNOWN"]
    assert types.get("UNKNOWN") is None
    assert types["FINE"] is types["FINE"]
