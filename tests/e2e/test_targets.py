"""`make deploy` and `make undeploy`, into the stack itself and by a table of samconfig.toml."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from stack.engines import engine_named
from stack.engines.differences import MINISTACK
from stack.paths import ROOT
from stack.ports import free_port
from stack.waiting import wait_until
from stack.web import call
from support import differs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.engines.engine import Engine
    from support.local_stack import LocalStack

SECONDS = 90


@pytest.fixture
def empty(stack: LocalStack, tmp_path: Path) -> Iterator[Engine]:
    """An engine of its own, in which nothing is deployed."""
    engine = engine_named(stack.chosen["ENGINE"])(tmp_path, free_port())
    engine.start()
    yield engine
    engine.kill()


def deployed(engine: Engine) -> str:
    """Status of the stack."""
    try:
        found = engine.client("cloudformation").describe_stacks(StackName="sluice")
    except ClientError:
        return "none"
    return str(found["Stacks"][0]["StackStatus"])


def test_target_is_deployed_updated_and_deleted(stack: LocalStack, empty: Engine) -> None:
    there = {"AWS_ENDPOINT_URL": empty.endpoint()}
    first = stack.command("deploy", "--env", "localstack", also=there, check=False)
    assert deployed(empty) == "CREATE_COMPLETE"
    # There is no server `db` here, and what was built for containers may not run here either.
    assert first.returncode == 1
    assert "deployed, but not all of it can work:" in first.stderr
    settings = empty.client("lambda").get_function_configuration(FunctionName="sluice-poller")
    assert settings["Environment"]["Variables"]["DATABASE_URL"].endswith("@db:5432/jobs_db")
    stack.command("deploy", "--env", "localstack", also=there, check=False)
    assert deployed(empty).endswith("_COMPLETE")
    stack.command("undeploy", "--env", "localstack", also=there)
    assert deployed(empty) in {"none", "DELETE_COMPLETE"}


def test_stack_is_deployed_into_by_hand(stack: LocalStack) -> None:
    readme = (ROOT / "infra" / "README.md").read_text()
    [script] = re.findall(r"<!-- run: local -->\n```bash\n(.*?)```", readme, re.DOTALL)
    version = stack.parts.engine.python_version()
    before = stack.outputs.gateway_url
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("=3.11", f"={version}")],
        cwd=ROOT,
        env=stack.environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    described = stack.aws("cloudformation").describe_stacks(StackName="sluice")["Stacks"][0]
    assert described["StackStatus"].endswith("_COMPLETE")
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    assert stack.api.finished(job_id, seconds=SECONDS)["status"] == "completed"
    assert stack.outputs.gateway_url == before


def test_stack_itself_is_undeployed_and_comes_back(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    stack.api.finished(job_id, seconds=SECONDS)
    before = stack.outputs.gateway_url
    stack.command("undeploy")
    assert stack.parts.outputs is None
    status, answer = call(f"{stack.url}/health")
    assert (status, answer["title"]) == (502, "Bad Gateway")
    stack.command("deploy")
    wait_until(lambda: stack.parts.outputs is not None, "the deployment", seconds=SECONDS)
    assert stack.api.job(job_id)["status"] == "completed"
    if stack.chosen["ENGINE"] == MINISTACK:
        differs.note(MINISTACK, "API's id")
    else:
        assert stack.outputs.gateway_url == before
