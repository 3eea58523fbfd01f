"""Functions in a real LocalStack that uses the executor."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from engine import Engine, archive
from waiting import gone, until, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PID = """
    import os

    def handler(event, context):
        return os.getpid()
"""
MEETING = """
    import os, pathlib, time

    def handler(event, context):
        folder = pathlib.Path(event)
        (folder / str(os.getpid())).touch()
        while len(list(folder.iterdir())) < 3:
            time.sleep(0.01)
        return os.getpid()
"""
WAITING = """
    import os, pathlib, time

    def handler(event, context):
        pathlib.Path(event, "started").write_text(str(os.getpid()))
        while not pathlib.Path(event, "go").exists():
            time.sleep(0.01)
        print("the old one is done")
        return "old"
"""
NEW = """
    def handler(event, context):
        return "new"
"""


CREDENTIAL = "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/sqs/aws4_request"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A LocalStack for all tests of this module."""
    started = Engine(tmp_path_factory.mktemp("localstack"))
    started.start()
    yield started
    started.stop()


def test_calls_at_once_get_a_process_each_and_leave_them_warm(
    engine: Engine, tmp_path: Path
) -> None:
    name = engine.function(MEETING)
    with ThreadPoolExecutor() as pool:
        met = list(pool.map(lambda _: engine.invoke(name, str(tmp_path)), range(3)))
    pids = {each["Payload"] for each in met}
    assert len(pids) == 3
    assert engine.invoke(name, str(tmp_path))["Payload"] in pids


def test_time_limit_is_the_functions_own(engine: Engine) -> None:
    name = engine.function("import time\ndef handler(*_): time.sleep(60)", Timeout=1)
    answer = engine.invoke(name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["Payload"]["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_log_comes_with_the_answer_and_into_the_log_group(engine: Engine) -> None:
    name = engine.function("def handler(event, context): print('seen', event)")
    answer = engine.invoke(name, "this")
    request_id = answer["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0].startswith(f"START RequestId: {request_id}")
    assert tail[1] == "seen this"
    assert until(lambda: engine.log_of(name)) == tail


def test_function_that_cannot_be_loaded_leaves_its_log(engine: Engine) -> None:
    name = engine.function("import nowhere")
    answer = engine.invoke(name)
    assert answer["Payload"]["errorType"] == "Runtime.ImportModuleError"
    assert any("nowhere" in line for line in until(lambda: engine.log_of(name)))


def test_function_reaches_the_engine_by_its_role(engine: Engine) -> None:
    name = engine.function("""
        import boto3

        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Arn"]
    """)
    assert engine.invoke(name)["Payload"].startswith("arn:aws:sts::000000000000:assumed-role/")


def test_layers_lie_over_each_other_in_their_order(engine: Engine) -> None:
    client = engine.client("lambda")
    layers = [
        client.publish_layer_version(
            LayerName=name, Content={"ZipFile": archive(python__both=f"NAME = {name!r}", **extra)}
        )["LayerVersionArn"]
        for name, extra in (("lower", {"python__only": "NAME = 'lower'"}), ("upper", {}))
    ]
    name = engine.function(
        "import both, only\ndef handler(*_): return [both.NAME, only.NAME]", Layers=layers
    )
    assert engine.invoke(name)["Payload"] == ["upper", "lower"]


def test_new_code_is_run_while_the_old_ends_its_call(engine: Engine, tmp_path: Path) -> None:
    name = engine.function(WAITING)
    client = engine.client("lambda")
    with ThreadPoolExecutor() as pool:
        old = pool.submit(engine.invoke, name, str(tmp_path))
        pid = written(tmp_path / "started")
        client.update_function_code(FunctionName=name, ZipFile=archive(function=NEW))
        client.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
        )
        assert until(lambda: engine.invoke(name, str(tmp_path))["Payload"] == "new")
        assert not gone(pid)
        (tmp_path / "go").touch()
        assert old.result(60)["Payload"] == "old"
    until(lambda: gone(pid))
    until(lambda: "the old one is done" in engine.log_of(name))


def test_function_that_is_deleted_ends_its_call(engine: Engine, tmp_path: Path) -> None:
    name = engine.function(WAITING)
    with ThreadPoolExecutor() as pool:
        call = pool.submit(engine.invoke, name, str(tmp_path))
        pid = written(tmp_path / "started")
        engine.client("lambda").delete_function(FunctionName=name)
        assert not gone(pid)
        (tmp_path / "go").touch()
        assert call.result(60)["Payload"] == "old"
    until(lambda: gone(pid))


def test_settings_that_change_are_those_of_the_next_call(engine: Engine) -> None:
    name = engine.function("""
        import os

        def handler(event, context):
            return [os.environ.get("MINE"), context.get_remaining_time_in_millis() > 20_000]
    """)
    assert engine.invoke(name)["Payload"] == [None, True]
    client = engine.client("lambda")
    client.update_function_configuration(
        FunctionName=name, Timeout=5, Environment={"Variables": {"MINE": "new"}}
    )
    assert until(lambda: engine.invoke(name)["Payload"] == ["new", False])


def test_event_is_answered_before_it_is_run_and_run_once(engine: Engine, tmp_path: Path) -> None:
    name = engine.function("""
        import pathlib

        def handler(event, context):
            with pathlib.Path(event, context.aws_request_id).open("a") as seen:
                seen.write("x")
    """)
    answers = [
        engine.client("lambda").invoke(
            FunctionName=name, InvocationType="Event", Payload=json.dumps(str(tmp_path))
        )
        for _ in range(5)
    ]
    assert {answer["StatusCode"] for answer in answers} == {202}
    until(lambda: len(list(tmp_path.iterdir())) == 5)
    until(lambda: len([line for line in engine.log_of(name) if line.startswith("REPORT")]) == 5)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"x"}


def test_concurrency_that_is_reserved_is_kept_to(engine: Engine, tmp_path: Path) -> None:
    name = engine.function(WAITING)
    client = engine.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor() as pool:
        call = pool.submit(engine.invoke, name, str(tmp_path))
        written(tmp_path / "started")
        with pytest.raises(client.exceptions.TooManyRequestsException):
            engine.invoke(name, str(tmp_path))
        (tmp_path / "go").touch()
        assert call.result(60)["Payload"] == "old"


def test_code_can_be_edited_in_place(engine: Engine, tmp_path: Path) -> None:
    module = tmp_path / "function.py"
    module.write_text("def handler(*_): return 1")
    name = engine.function(PID)
    engine.client("lambda").update_function_code(
        FunctionName=name, S3Bucket="hot-reload", S3Key=str(tmp_path)
    )
    assert until(lambda: engine.invoke(name)["Payload"] == 1)
    module.write_text("def handler(*_): return 22")
    assert engine.invoke(name)["Payload"] == 22


def queue(engine: Engine) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    sqs = engine.client("sqs")
    url = sqs.create_queue(QueueName=engine.function(PID))["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def received(engine: Engine, url: str) -> list[Any]:
    """The messages that a queue gives within a second."""
    answer = engine.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("import os; os._exit(3)", "Runtime.ExitError"),
        ("raise ValueError('no')", "ValueError"),
        ("import time; time.sleep(60)", "Sandbox.Timedout"),
    ],
)
def test_failed_event_goes_to_its_destination(engine: Engine, body: str, error_type: str) -> None:
    url, arn = queue(engine)
    name = engine.function(f"def handler(*_):\n    {body}", Timeout=2)
    client = engine.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"number": 1}')
    [record] = until(lambda: received(engine, url))
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == {"number": 1}
    assert record["responsePayload"]["errorType"] == error_type


def test_runtime_that_is_no_python_is_refused(engine: Engine) -> None:
    client = engine.client("lambda")
    client.create_function(
        FunctionName="other",
        Role="arn:aws:iam::000000000000:role/function",
        Code={"ZipFile": archive(function=PID)},
        Runtime="nodejs22.x",
        Handler="function.handler",
    )

    def refused() -> str:
        found = client.get_function(FunctionName="other")["Configuration"]
        return str(found["StateReason"]) if found["State"] == "Failed" else ""

    assert "python3.x" in until(refused)


def test_nothing_is_left_when_the_engine_was_stopped(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.start()
    idle = engine.invoke(engine.function(PID))["Payload"]
    folder = tmp_path / "call"
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        name = engine.function(WAITING)
        call = pool.submit(engine.invoke, name, str(folder))
        busy = written(folder / "started")
        engine.stop()
        assert call.exception(60)
    assert gone(idle)
    assert gone(busy)


def test_request_in_hand_does_not_keep_the_engine(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.start()
    url, _ = queue(engine)
    wait = f"Action=ReceiveMessage&WaitTimeSeconds=20&QueueUrl={url}"
    conversation = HTTPConnection("127.0.0.1", engine.port)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": CREDENTIAL}
    conversation.request("POST", "/", wait, form)
    # A later request is answered: so LocalStack has begun the first one.
    engine.client("sqs").list_queues()
    engine.stop()
    assert engine.process
    assert engine.process.returncode == 0
    conversation.close()


def test_nothing_is_left_when_the_engine_was_killed(tmp_path: Path) -> None:
    engine = Engine(tmp_path, {"LAMBDA_KEEPALIVE_MS": "300"})
    engine.start()
    idle = engine.invoke(engine.function(PID))["Payload"]
    until(lambda: gone(idle))  # it has not been called for a while
    folder = tmp_path / "call"
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        name = engine.function(WAITING)
        call = pool.submit(engine.invoke, name, str(folder))
        busy = written(folder / "started")
        engine.kill()
        assert call.exception(60)
    until(lambda: gone(busy))
