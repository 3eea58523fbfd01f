"""The table of the job types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jobs import processors
from jobs.processors import ALL_TYPES


def test_every_module_beside_the_table_is_in_it() -> None:
    folder = Path(str(processors.__file__)).parent
    modules = {path.stem for path in folder.glob("[!_]*.py")}

    assert modules == {
        job_type.process.__module__.split(".")[-1] for job_type in ALL_TYPES.values()
    }
    assert {name.lower() for name in ALL_TYPES} == modules


def test_a_budget_is_within_what_a_poller_has() -> None:
    assert all(0 < job_type.budget <= 120 for job_type in ALL_TYPES.values())


def test_who_only_asks_for_the_names_waits_for_no_library() -> None:
    program = (
        "import sys; from jobs.processors import JOB_TYPES; "
        "print({'jinja2', 'smtplib', 'boto3', 'botocore'} & set(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "set()\n"
