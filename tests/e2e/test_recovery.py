"""Parts of the stack are killed and started again; nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from stack.waiting import wait_until
from stack.web import call
from support import differs

if TYPE_CHECKING:
    from support.local_stack import LocalStack

SECONDS = 90


def well(stack: LocalStack) -> bool:
    try:
        return call(f"{stack.url}/health")[0] == 200
    except (OSError, ValueError):
        return False


def export(stack: LocalStack) -> str:
    """Post one job and see its file."""
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    assert stack.api.finished(job_id, seconds=SECONDS)["status"] == "completed"
    path = stack.output / f"{job_id}.csv"
    wait_until(path.exists, str(path), seconds=SECONDS)
    return job_id


def test_an_engine_that_was_killed_is_deployed_into_again(stack: LocalStack) -> None:
    before = export(stack)
    waiting = str(uuid4())
    stack.rows(
        "INSERT INTO jobs (id, type, priority, payload) VALUES (%s, %s, %s, %s)",
        *(waiting, "CSV_EXPORT", "default", '{"data": [{"id": 2}]}'),
    )
    stack.parts.engine.kill()
    stack.parts.engine.process.pid_file.write_text("1 0.0\n")  # as if nobody had seen it end
    wait_until(lambda: well(stack), "the stack", seconds=SECONDS, every=0.2)
    assert stack.api.job(before)["status"] == "completed"
    assert stack.api.finished(waiting, seconds=SECONDS)["status"] == "completed"
    export(stack)


def test_a_mirror_that_was_killed_catches_up(stack: LocalStack) -> None:
    mirror = stack.parts.mirror
    mirror.process.pause()
    job_id = stack.api.submit("CSV_EXPORT", {"data": [{"id": 1}]})
    stack.api.finished(job_id, seconds=SECONDS)
    leader = mirror.process.find()
    assert leader is not None
    leader.kill()
    path = stack.output / f"{job_id}.csv"
    wait_until(path.exists, str(path), seconds=SECONDS)


def test_what_was_there_is_there_after_down_and_up(stack: LocalStack) -> None:
    before = export(stack)
    stopped = stack.command("down").stdout
    assert stopped.startswith("stopped mirror, front, engine")
    assert stack.command("status", check=False).returncode == 1
    said = stack.command("up").stdout
    assert stack.api.job(before)["status"] == "completed"
    if stack.parts.engine.keeps_state:
        assert "deploying" not in said
        key = f"output/{before}.csv"
        assert stack.aws("s3").head_object(Bucket=stack.outputs.bucket, Key=key)["ContentLength"]
    else:
        differs.note(stack.parts.engine.title, "state")
        assert "deploying" in said
        assert (stack.output / f"{before}.csv").exists()
    export(stack)


def test_jobs_that_waited_for_the_stack_start_with_it(stack: LocalStack) -> None:
    stack.command("down")
    database = stack.parts.services[0].server
    assert database is not None
    database.start()
    waiting = [str(uuid4()) for _ in range(50)]
    for job_id in waiting:
        stack.rows(
            "INSERT INTO jobs (id, type, payload) VALUES (%s, %s, %s)",
            *(job_id, "CSV_EXPORT", '{"data": [{"id": 1}]}'),
        )
    database.stop()
    stack.command("up")
    events = stack.aws("events")
    events.disable_rule(Name="sluice-tick")  # Nobody else wakes a poller.
    try:
        ends = [stack.api.finished(job_id, seconds=SECONDS)["status"] for job_id in waiting]
    finally:
        events.enable_rule(Name="sluice-tick")
    assert set(ends) == {"completed"}
