"""The stack's command line: what it says, and that it does nothing twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from stack.engines import ENGINES
from stack.engines.differences import LOCALSTACK, MINISTACK
from stack.waiting import wait_until
from support import differs
from support.local_stack import LocalStack

if TYPE_CHECKING:
    from pathlib import Path


def test_status_shows_every_part_well(stack: LocalStack) -> None:
    lines = stack.command("status").stdout.splitlines()
    parts = {line.split()[0]: line for line in lines[1:]}
    assert set(parts) == {
        *("postgres", "redis", "mail", "engine", "front", "mirror", "supervisor", "api")
    }
    assert all(line.split()[1] == "up" and line.endswith("healthy") for line in parts.values())
    assert stack.chosen["POSTGRES_PORT"] in parts["postgres"]


def test_engine_that_runs_need_not_be_named_again(stack: LocalStack) -> None:
    said = stack.command("status", also={"ENGINE": ""}).stdout
    assert stack.parts.engine.version() in said
    [other] = set(ENGINES) - {stack.chosen["ENGINE"]}
    refused = stack.command("up", check=False, also={"ENGINE": other})
    assert refused.returncode == 1
    assert f"the stack runs on {stack.chosen['ENGINE']}, not on {other}" in refused.stderr
    assert "starting" not in refused.stdout


def test_up_does_nothing_twice(stack: LocalStack) -> None:
    pids = {part.name: part.process.find() for part in stack.parts.parts}
    said = stack.command("up").stdout
    assert "starting" not in said
    assert "deploying" not in said
    assert {part.name: part.process.find() for part in stack.parts.parts} == pids


def test_deploy_does_nothing_for_what_is_deployed(stack: LocalStack) -> None:
    assert "nothing to deploy" in stack.command("deploy").stdout


def test_env_prints_what_a_shell_can_read(stack: LocalStack) -> None:
    printed = stack.command("env").stdout
    assert all(re.match(r"[A-Z_]+=", line) for line in printed.splitlines())
    names = ("API_URL", "DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL", "BUCKET", "MAIL_URL")
    script = f'eval "$PRINTED"; echo "{" ".join("$" + name for name in names)}"'
    shell = subprocess.run(
        ["bash", "-c", script],
        env={"PRINTED": printed, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.split() == [
        stack.url,
        *(service.address for service in stack.parts.services[:2]),
        stack.parts.engine.endpoint(),
        stack.outputs.bucket,
        stack.parts.mail_page,
    ]


def test_a_pollers_log_is_among_the_logs(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    stack.api.finished(job_id, seconds=60)
    log = ""
    while job_id not in log:  # written when the poller leaves
        log = stack.command("logs", "--once", "--part", "poller", "--lines", "1000").stdout
    assert {line.split()[0] for line in log.splitlines()} == {"poller"}
    assert stack.command("logs", "--once").stdout
    wrong = stack.command("logs", "--part", "nobody", check=False)
    assert "PART must be one of postgres, redis" in wrong.stderr


def test_line_of_a_running_poller_is_among_the_logs(stack: LocalStack) -> None:
    def shown() -> str:
        return stack.command("logs", "--once", "--part", "poller", "--lines", "1000").stdout

    mail = stack.mail.process
    mail.pause()  # An attempt that waits for it keeps its poller running.
    try:
        job_id = stack.api.submit("EMAIL_SEND", {"to": "a@example.com", "subject": "", "body": ""})
        if stack.parts.engine.title == MINISTACK:
            wait_until(lambda: job_id in shown(), "the line of its start", seconds=60)
            assert stack.api.job(job_id)["status"] == "processing"
        else:
            differs.note(LOCALSTACK, "log of a function")
    finally:
        mail.resume()
    assert stack.api.finished(job_id, seconds=60)["status"] == "completed"


def test_psql_and_redis_cli_take_statements_from_standard_input(stack: LocalStack) -> None:
    def answer(command: str, statement: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "stack", command],
            env=stack.environment,
            input=statement,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "42" in answer("psql", "SELECT 6 * 7;\n")
    assert "hello" in answer("redis-cli", "ECHO hello\n")


def test_a_taken_port_is_named_with_who_holds_it(stack: LocalStack, tmp_path: Path) -> None:
    second = LocalStack.on_free_ports(tmp_path)
    taken = {"POSTGRES_PORT": stack.chosen["POSTGRES_PORT"]}
    refused = second.command("up", check=False, also=taken)
    assert refused.returncode == 1
    message = rf"postgres needs port {taken['POSTGRES_PORT']}, which postgres \(pid \d+\) holds"
    assert re.search(message, refused.stderr)
    assert second.command("down").stdout.strip() == "nothing was running"
    assert not (tmp_path / "state" / "postgres").exists()


def test_a_server_of_the_users_own_has_to_answer(tmp_path: Path) -> None:
    second = LocalStack.on_free_ports(tmp_path)
    theirs = f"postgresql://me:secret@127.0.0.1:{second.chosen['REDIS_PORT']}/mine"
    refused = second.command("up", check=False, also={"DATABASE_URL": theirs})
    assert refused.returncode == 1
    assert "postgresql://127.0.0.1" in refused.stderr
    assert "secret" not in refused.stderr


def test_redis_cli_runs_the_one_command_it_is_given(stack: LocalStack) -> None:
    words = [str(stack.parts.state / "bin" / "redis-cli"), "-u", stack.parts.services[1].address]

    def answer(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *command], capture_output=True, text=True, check=False)

    assert "{jobs}:complete" in answer("KEYS", "*").stdout.splitlines()
    assert answer("NONSENSE").returncode == 1
    assert "unknown command" in answer("NONSENSE").stderr


def test_awslocal_tails_a_log_group(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    words = [str(stack.parts.state / "bin" / "awslocal"), "logs", "tail"]
    group = f"/aws/lambda/{stack.outputs.api_function}"
    tailed = ""
    while job_id not in tailed:  # written when the invocation has ended
        tailed = subprocess.run([*words, group], capture_output=True, text=True, check=True).stdout
    missing = subprocess.run([*words, "/none"], capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert "there is no log group /none" in missing.stderr
