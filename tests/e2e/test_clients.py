"""Clients that others generate from the served document: they are made, and submit and read."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from stack.environments import uv
from stack.web import call

if TYPE_CHECKING:
    from pathlib import Path

    from support.local_stack import LocalStack

GENERATOR = "openapi-python-client==0.29.1"
NPM = ["openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@22"]
SECONDS = 240

PYTHON = """
import json, sys
from sluice import Client
from sluice.api.default import get_job, list_jobs, submit_job
from sluice.models import CSVEXPORTPayload, GetJobIncludeItem, JobId, NewJob, Type

client = Client(sys.argv[1])
payload = CSVEXPORTPayload.from_dict({"data": [{"id": 1}]})
made = submit_job.sync(client=client, body=NewJob(type_=Type.CSV_EXPORT, payload=payload))
assert isinstance(made, JobId), made
include = [GetJobIncludeItem.PAYLOAD, GetJobIncludeItem.OPTIONS]
job = get_job.sync(made.job_id, client=client, include=include)
types = [each.type_ for each in list_jobs.sync(client=client, limit=200).jobs]
print(json.dumps({"id": str(made.job_id), "job": job.to_dict(), "types": types}))
"""

TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const client = createClient<paths>({ baseUrl: process.argv[2] });
const body = { type: "CSV_EXPORT" as const, payload: { data: [{ id: 1 }] } };
const { data: made, error } = await client.POST("/jobs", { body });
if (!made) throw new Error(JSON.stringify(error));
const query = { include: ["payload" as const, "options" as const] };
const params = { path: { id: made.jobId }, query };
const querySerializer = { array: { style: "form" as const, explode: false } };
const { data: job } = await client.GET("/jobs/{id}", { params, querySerializer });
const { data: page } = await client.GET("/jobs", { params: { query: { limit: 200 } } });
const types = page?.jobs.map((each) => each.type);
console.log(JSON.stringify({ id: made.jobId, job, types }));
"""


def ran(folder: Path, *words: str) -> str:
    done = subprocess.run(
        words, cwd=folder, check=False, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def document(stack: LocalStack, tmp_path: Path) -> Path:
    """The document as it is served; and one job is stored of a type that is no longer deployed."""
    stack.rows(
        "INSERT INTO jobs (id, type, payload, due_at) VALUES (%s, 'GONE', '{}', now() + '1 h')",
        str(uuid4()),
    )
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(call(f"{stack.url}/openapi.json")[1]))
    return path


def check(stack: LocalStack, printed: str) -> None:
    found: dict[str, Any] = json.loads(printed)
    assert {"GONE", "CSV_EXPORT"} <= {*found["types"]}
    assert found["job"]["id"] == found["id"]
    assert found["job"]["payload"] == {"data": [{"id": 1}]}
    assert found["job"]["options"]["maxAttempts"] == 3
    assert stack.api.finished(found["id"], seconds=60)["status"] == "completed"
    stack.cancel_open()


def test_a_python_client_submits_and_reads(stack: LocalStack, document: Path) -> None:
    folder = document.parent
    made = ("generate", "--path", document.name, "--meta", "none", "--output-path", "sluice")
    said = ran(folder, uv(), "tool", "run", "--quiet", "--from", GENERATOR, GENERATOR[:21], *made)
    assert "WARNING" not in said.upper(), said
    (folder / "use.py").write_text(PYTHON)
    needed = [word for name in ("httpx", "attrs", "python-dateutil") for word in ("--with", name)]
    run = (uv(), "run", "--quiet", "--no-project", *needed, "python", "use.py", stack.url)
    check(stack, ran(folder, *run))


def test_a_typescript_client_submits_and_reads(stack: LocalStack, document: Path) -> None:
    folder = document.parent
    (folder / "package.json").write_text('{"type": "module"}')
    ran(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", *NPM)
    ran(folder, "npx", "--no-install", "openapi-typescript", document.name, "-o", "api.d.ts")
    (folder / "use.ts").write_text(TYPESCRIPT)
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    ran(folder, "npx", "--no-install", "tsc", *options, "use.ts")
    check(stack, ran(folder, "node", "use.js", stack.url))
