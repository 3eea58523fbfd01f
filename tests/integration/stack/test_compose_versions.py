"""Both versions of docker-compose accept docker-compose.yml and read the same from it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from stack.environments import install
from stack.paths import COMPOSE, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSIONS = ("v1", "v2")
FILE = ROOT / "docker-compose.yml"
CHOSEN = {
    "API_PORT": "3111",
    "LOCALSTACK_IMAGE": "localstack/localstack-pro:2026.10",
    "LOCALSTACK_AUTH_TOKEN": "ls-token",
}


def compose(
    version: str, *words: str, file: Path = FILE, also: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run docker-compose with no variables but `also`."""
    return subprocess.run(
        [str(install(COMPOSE / version) / "docker-compose"), "-f", str(file), *words],
        cwd=file.parent,
        env={"PATH": "/usr/bin:/bin", "HOME": str(file.parent), **(also or {})},
        text=True,
        capture_output=True,
        check=False,
    )


def understood(version: str, also: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The services as docker-compose reads them from the file."""
    done = compose(version, "config", also=also)
    assert done.returncode == 0, done.stderr
    # docker-compose also reads a `.env`; the variables set here win over it.
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.mark.parametrize("version", VERSIONS)
def test_file_is_taken_without_a_warning(version: str) -> None:
    done = compose(version, "config", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("version", VERSIONS)
def test_file_with_a_mistake_is_not_taken(version: str, tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("    healthcheck:", "    healtcheck:", 1))
    done = compose(version, "config", "--quiet", file=wrong)
    assert done.returncode != 0
    assert "healtcheck" in done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_set_is_used(version: str) -> None:
    services = understood(version, CHOSEN)
    assert "3111" in str(services["api"]["ports"])
    image = services["localstack"]["build"]["args"]["LOCALSTACK_IMAGE"]
    assert image == "localstack/localstack-pro:2026.10"
    assert services["localstack"]["environment"]["LOCALSTACK_AUTH_TOKEN"] == "ls-token"


def test_both_mean_the_same() -> None:
    v1, v2 = (understood(version) for version in VERSIONS)
    assert v1.keys() == v2.keys()
    for name in v1:
        for member in ("image", "user", "command", "environment", "init", "restart"):
            assert v1[name].get(member) == v2[name].get(member), (name, member)
        assert v1[name]["healthcheck"]["test"] == v2[name]["healthcheck"]["test"]
        assert set(v1[name].get("depends_on", {})) == set(v2[name].get("depends_on", {}))
