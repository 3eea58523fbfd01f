"""Runs a LocalStack with this executor on a free port, for the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from io import BytesIO
from textwrap import dedent
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zipfile import ZipFile

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "arn:aws:iam::000000000000:role/function"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
START_SECONDS = 120
ANSWER = Config(read_timeout=120, retries={"total_max_attempts": 1})


def archive(**files: str) -> bytes:
    """A zip file of modules; `__` in a name stands for a slash."""
    packed = BytesIO()
    with ZipFile(packed, "w") as out:
        for name, source in files.items():
            out.writestr(f"{name.replace('__', '/')}.py", dedent(source))
    return packed.getvalue()


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Engine:
    """A LocalStack; `folder` is for its files, `also` are further variables of its environment."""

    folder: Path
    also: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.port = free_port()
        settings = {
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            "LAMBDA_PROCESS_GRACE_SECONDS": "3",
            "GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
            "GATEWAY_SERVER": "hypercorn",
            "FILESYSTEM_ROOT": str(self.folder / "root"),
            "TMPDIR": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            **self.also,
        }
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "localstack.runtime.main"],
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **settings},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "not ready in time"
            time.sleep(0.1)

    def stop(self) -> float:
        """Stop it with SIGTERM; returns the seconds until its end."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - began

    def kill(self) -> None:
        """Kill it, as in a crash."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def client(self, service: Any) -> Any:
        """A boto3 client of this engine."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=ANSWER,
        )

    def function(self, source: str, **settings: Any) -> str:
        """Create a function from the module `source` with a `handler`; returns its name."""
        name = f"function-{uuid4().hex[:12]}"
        client = self.client("lambda")
        client.create_function(
            FunctionName=name,
            Role=ROLE,
            Code={"ZipFile": archive(function=source)},
            **{"Runtime": RUNTIME, "Handler": "function.handler", "Timeout": 30, **settings},
        )
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
        )
        return name

    def invoke(self, name: str, event: object = None) -> dict[str, Any]:
        """Call a function and wait; returns the answer with `Payload` decoded."""
        answer = self.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail"
        )
        return {**answer, "Payload": json.loads(answer["Payload"].read())}

    def log_of(self, name: str) -> list[str]:
        """All lines of the function's log group."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].rstrip("\n") for event in events]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/_localstack/health", timeout=2
            ):
                return True
        except OSError:
            return False
