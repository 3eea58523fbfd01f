"""The example of docs/job-types.md works as written: one new file, and one line in the table."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jobs

ROOT = Path(__file__).parents[3]

RUN = """
import json, sys
from uuid import uuid4
from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import InvalidJob
from jobs.core.job_request import JobRequests
from jobs.core.job_type import JobContext
from jobs.core.worker.executor import execute
from jobs.processors import JOB_TYPES
from support.claims import a_claim

body = json.load(sys.stdin)
objects = FakeObjects()
try:
    accepted = JobRequests(JOB_TYPES, uuid4).job(body)
except InvalidJob as error:
    outcome = "; ".join(f"{each.pointer} {each.detail}" for each in error.problems)
else:
    claim = a_claim(accepted.type, accepted.payload)
    context = JobContext(objects, FakeMailer())
    outcome = repr(execute(claim, JOB_TYPES, context, lambda *_, **__: None))
contents = {key: content.decode() for key, content in objects.contents.items()}
print(json.dumps([list(JOB_TYPES), outcome, contents]))
"""


def block(name: str) -> str:
    """The page's code block behind the comment `<!-- example: name -->`."""
    page = (ROOT / "docs/job-types.md").read_text()
    (code,) = re.findall(rf"<!-- example: {name} -->\n+```\w+\n(.*?)```", page, re.DOTALL)
    return str(code)


def patched(table: str, diff: str) -> str:
    """`table` with the one line that `diff` adds."""
    before = "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] == " ")
    after = "".join(line[1:] for line in diff.splitlines(keepends=True))
    assert table.count(before) == 1
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    return table.replace(before, after)


def test_the_example_is_a_job_type(tmp_path: Path) -> None:
    package = tmp_path / "jobs"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(str(jobs.__file__)).parent, package, ignore=ignored)
    table = package / "processors/__init__.py"
    diff = block("table")
    (module,) = re.findall(r'^\+    "\w+": "(\w+)",$', diff, re.MULTILINE)

    (package / f"processors/{module}.py").write_text(block("processor"))
    table.write_text(patched(table.read_text(), diff))
    types, outcome, contents = run(tmp_path, submitted())

    assert types == ["CSV_EXPORT", "EMAIL_SEND", "JSONL_EXPORT"]
    assert outcome.startswith("Succeeded(")
    assert list(contents.values()) == ['{"id": 1, "name": "venkat"}\n{"id": 2}\n']

    _, outcome, contents = run(tmp_path, {"type": "JSONL_EXPORT", "payload": {"rows": 7}})

    assert outcome == "/payload/rows must be a list of objects, not 7"
    assert contents == {}


def submitted() -> dict[str, Any]:
    """The body that the page's command posts."""
    (body,) = re.findall(r"-d '(.*)'", block("submit"), re.DOTALL)
    found: dict[str, Any] = json.loads(body)
    return found


def run(folder: Path, body: dict[str, Any]) -> Any:
    """Run the job of `body` with the package in `folder`, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(body),
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
