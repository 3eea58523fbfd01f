"""What `sam build` makes is all that a function needs, and not much more."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from stack.environments import install, uv
from stack.paths import ROOT, SAM
from stack.ports import free_port
from support import alone, gateway

if TYPE_CHECKING:
    from stack.servers.mail import Mail

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNTIME_HAS = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
MB = 2**20


@dataclass(frozen=True)
class Built:
    """The folders that `sam build` has made.

    `runtime` is one with what the runtime has by itself; `compiled` is for bytecode.
    """

    folder: Path
    runtime: Path
    compiled: Path

    @property
    def layer(self) -> Path:
        return self.folder / "CommonLayer"

    def call(
        self, function: str, handler: str, event: object, variables: dict[str, str]
    ) -> dict[str, Any]:
        """See `support.alone`; in an environment that holds `variables` and no more."""
        code = self.folder / function
        (package,) = [each.name for each in code.iterdir()]
        folders = [str(self.layer / "python"), str(code), str(self.runtime)]
        task = {
            "folders": folders,
            "packages": ["jobs", package],
            "handler": handler,
            "event": event,
        }
        done = subprocess.run(
            [
                str(Path(sys.base_prefix, "bin", f"python{PYTHON}")),
                *("-I", "-S", "-X", f"pycache_prefix={self.compiled}"),
                alone.__file__,
            ],
            input=json.dumps(task),
            env=variables,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        foreign = [
            file
            for file in result["files"]
            if not file.startswith((*folders, sys.base_prefix, alone.__file__))
        ]
        assert foreign == []
        return result


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder, runtime = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("runtime")
    subprocess.run(
        [
            *(str(install(SAM) / "sam"), "build", "--parallel"),
            *("--template-file", str(ROOT / "template.yaml")),
            *("--build-dir", str(folder)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "UV": uv(),
            "LAYER_PYTHON": PYTHON,
            "LAYER_PLATFORM": "host",
            "SAM_CLI_TELEMETRY": "0",
        },
        check=True,
        capture_output=True,
    )
    for name in RUNTIME_HAS:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (runtime / source.name).symlink_to(source)
    return Built(folder, runtime, tmp_path_factory.mktemp("compiled"))


def test_poller_and_api_run_on_what_was_built(
    built: Built, postgres_url: str, redis_url: str, smtp: Mail
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    common = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "POLLER_FUNCTION": "nobody",
        "AWS_ENDPOINT_URL": nowhere,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for_poller = {
        **common,
        "BUCKET": "none",
        "MAIL_HOST": "127.0.0.1",
        "MAIL_PORT": str(smtp.port),
        "MAIL_FROM": "jobs@example.com",
    }
    mail = {
        "type": "EMAIL_SEND",
        "payload": {
            "to": "ann@example.com",
            "template": "export_ready",
            "context": {"name": "Ann", "url": "https://example.com/1.csv", "rows": 2},
        },
    }
    post = gateway.event(
        "POST", "/jobs", body=json.dumps(mail), headers={"Content-Type": "application/json"}
    )

    built.call("PollerFunction", "poller.handler.handler", {"wake": {"hop": 0}}, for_poller)
    health = built.call("ApiFunction", "api.app.app", gateway.event("GET", "/health"), common)
    posted = built.call("ApiFunction", "api.app.app", post, common)
    built.call("PollerFunction", "poller.handler.handler", {"schedule": "now"}, for_poller)

    assert health["answer"]["statusCode"] == 200
    assert posted["answer"]["statusCode"] == 201
    job_id = json.loads(posted["answer"]["body"])["jobId"]
    show = gateway.event("GET", "/jobs/{id}", id=job_id)
    shown = built.call("ApiFunction", "api.app.app", show, common)
    assert json.loads(shown["answer"]["body"])["status"] == "completed", shown["answer"]["body"]
    assert len(smtp.messages()) == 1


def test_the_functions_bring_their_own_package_and_nothing_else(built: Built) -> None:
    assert [each.name for each in (built.folder / "ApiFunction").iterdir()] == ["api"]
    assert [each.name for each in (built.folder / "PollerFunction").iterdir()] == ["poller"]


def test_the_layer_brings_what_its_list_says_and_nothing_of_chalices_own(built: Built) -> None:
    libraries = {path.name.split("-")[0] for path in (built.layer / "python").glob("*.dist-info")}
    listed = re.findall(
        r"^([\w.-]+)==", (ROOT / "layers" / "common" / "requirements.txt").read_text(), re.MULTILINE
    )
    (metadata,) = (built.layer / "python").glob("chalice-*.dist-info/METADATA")
    declared = HeaderParser().parsestr(metadata.read_text()).get_all("Requires-Dist", [])

    assert libraries <= {name.replace("-", "_") for name in listed}
    assert libraries >= {"chalice", "idna", "jinja2", "psycopg2_binary", "redis"}
    assert declared
    for requirement in declared:
        (name,) = re.findall(r"^[\w.-]+", requirement)
        assert name.lower().replace("-", "_") not in libraries
    chalice = built.layer / "python" / "chalice"
    assert {each.name for each in chalice.iterdir()} == {"__init__.py", "app.py"}


@pytest.mark.parametrize("kind", ["*.sql", "*.lua", "*.j2"])
def test_the_layer_brings_the_files_of_the_jobs_package(built: Built, kind: str) -> None:
    source = ROOT / "layers" / "common" / "jobs"
    shipped = built.layer / "python" / "jobs"
    wanted = {path.relative_to(source) for path in source.rglob(kind)}

    assert wanted
    assert {path.relative_to(shipped) for path in shipped.rglob(kind)} == wanted


def test_the_layer_stays_small(built: Built, tmp_path: Path) -> None:
    files = [path for path in built.layer.rglob("*") if path.is_file()]
    clients = [path for path in files if "psycopg2" in str(path)]
    archive = tmp_path / "layer.zip"
    with ZipFile(archive, "w", ZIP_DEFLATED) as layer:
        for path in files:
            layer.write(path, path.relative_to(built.layer))

    # psycopg2 brings the client libraries of PostgreSQL: 12 MB on x86-64, 16 MB on arm64.
    assert sum(path.stat().st_size for path in clients) < 18 * MB
    assert sum(path.stat().st_size for path in files if path not in clients) < 5 * MB
    assert archive.stat().st_size < 8 * MB


def test_nothing_that_was_compiled_here_is_shipped(built: Built) -> None:
    assert not list(built.folder.rglob("__pycache__"))
