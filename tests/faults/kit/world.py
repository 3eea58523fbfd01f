"""Everything around the product, for one test: database, queues, mail, bucket, cloud, oracle."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from redis import Redis

from faults.kit.cloud import Cloud
from faults.kit.environment import TESTS
from faults.kit.oracle import Oracle
from faults.kit.types import EFFECTS
from faults.kit.types import JOB_TYPES as TEST_TYPES
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.queue import RedisQueue
from jobs.core.best_effort import BestEffortQueue
from jobs.core.submit import Publisher, Submit
from jobs.processors import JOB_TYPES
from outside.s3 import S3Stub, s3_stub
from outside.smtp import SmtpSink, smtp_sink
from stack.waiting import wait_until
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.kit.oracle import Effect

BUCKET = "exports"
DOMAIN = "example.com"

NAME = "-c test.worker={n}"
"""An option of the connection: what a poller calls itself to the trigger behind the oracle."""

ENDLESS = 200
"""So many deaths are no fault that a test has brought about: pollers die of themselves."""

Lines = list[tuple[UUID, str, str, int]]
"""Effects in the order in which they happened: job, token, priority, attempt."""


@dataclass
class World:
    """One test's world. `accepted` are the ids that were answered for."""

    folder: Path
    database_url: str
    redis_url: str
    oracle: Oracle
    s3: S3Stub
    sink: SmtpSink
    cloud: Cloud
    submit: Submit
    accepted: list[UUID] = field(default_factory=list)

    def post(self, kind: str, payload: dict[str, Any] | None = None, **more: Any) -> UUID:
        """Submit a job as the API does, and return its id once it is accepted."""
        job = self.submit({"type": kind, "payload": payload or {}, **more}).job
        self.accepted.append(job.id)
        return job.id

    def effects(self) -> Lines:
        """What EFFECT jobs did."""
        lines = (self.folder / "effects").read_text().splitlines()
        words = [line.split() for line in lines]
        return [(UUID(job), token, priority, int(n)) for job, token, priority, n in words]

    def mailed(self) -> list[UUID]:
        """The jobs whose mails the server took, each as often as it took one."""
        ids = [mail.content.partition(b"Message-ID: <")[2] for mail in self.sink.accepted]
        return [UUID(text.partition(b"@")[0].decode()) for text in ids]

    def exported(self) -> dict[UUID, bytes]:
        """What lies in the bucket."""
        return {UUID(Path(path).stem): content for path, (content, _) in self.s3.objects.items()}

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until every job is final and no poller runs."""
        wait_until(
            lambda: self.cloud.quiet() and not self.oracle.open_jobs(),
            "every job final and every poller at rest",
            seconds=seconds,
            alive=lambda: len(self.cloud.deaths) < ENDLESS,
            every=0.05,
        )

    def judge(self) -> dict[str, int]:
        """Let the oracle look at everything that happened."""
        seen: list[Effect] = [(str(job), token) for job, token, *_ in self.effects()]
        seen += [(str(job), None) for job in [*self.mailed(), *self.exported()]]
        return self.oracle.judge(self.accepted, seen)

    def log(self) -> str:
        """What the pollers have said."""
        return (self.folder / "log").read_text()

    def redis(self) -> Any:
        """The queues' server, to spoil what it holds."""
        return Redis.from_url(self.redis_url)

    def client(self, envelope: str, faults: str = "") -> subprocess.CompletedProcess[str]:
        """Submit a job from a process of its own, with these points armed in it."""
        return subprocess.run(
            [sys.executable, "-m", "faults.kit.client", envelope],
            env={
                **self.cloud.variables,
                "FAULTS": faults,
                "AWS_ENDPOINT_URL_LAMBDA": self.cloud.url,
            },
            text=True,
            check=False,
            stdout=subprocess.PIPE,
        )

    def job(self, job_id: UUID) -> dict[str, Any]:
        """The row."""
        [row] = self.oracle.query("SELECT * FROM jobs WHERE id = %s", (str(job_id),))
        return row

    def attempts(self, job_id: UUID) -> list[dict[str, Any]]:
        """The attempts in the order in which they began."""
        return self.oracle.query(
            "SELECT * FROM job_attempts WHERE job_id = %s ORDER BY started_at", (str(job_id),)
        )


def submitter(database_url: str, redis_url: str, cloud: Cloud) -> Submit:
    """The API's use case, on connections of its own."""
    queue = BestEffortQueue(RedisQueue(connect(redis_url)), RecordingLog())
    return Submit(
        store=PostgresStore(Connection(database_url)),
        publisher=Publisher(queue, cloud),
        types={**JOB_TYPES, **TEST_TYPES},
    )


@contextmanager
def world(
    folder: Path,
    database_url: str,
    redis_url: str,
    *,
    most: int = 4,
    seconds: float = 300.0,
    database_at: str | None = None,
    queue_at: str | None = None,
    **more: str,
) -> Iterator[World]:
    """A world whose pollers have the environment variables `more`, by their small names.

    `database_at`, `queue_at`: the URLs as pollers are to use them, if they go by another way.
    """
    migrate(database_url)
    (folder / "effects").touch()
    with ExitStack() as stack:
        s3, sink = stack.enter_context(s3_stub()), stack.enter_context(smtp_sink())
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(TESTS),
            "DATABASE_URL": f"{database_at or database_url}?options={quote(NAME, safe='{}')}",
            "REDIS_URL": queue_at or redis_url,
            "POLLER_FUNCTION": "poller",
            "BUCKET": BUCKET,
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": str(sink.port),
            "MAIL_FROM": f"jobs@{DOMAIN}",
            "LEASE_SECONDS": "1",
            "AWS_ENDPOINT_URL_S3": s3.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            EFFECTS: str(folder / "effects"),
            **{name.upper(): text for name, text in more.items()},
        }
        cloud = stack.enter_context(Cloud(folder / "log", variables, most, seconds))
        yield World(
            folder,
            database_url,
            redis_url,
            Oracle(database_url),
            s3,
            sink,
            cloud,
            submitter(database_url, redis_url, cloud),
        )
