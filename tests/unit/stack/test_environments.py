"""Environments are made for the Python that their project needs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from stack.environments import InstallError, install, python_version, required_python
from stack.paths import ENGINES, ROOT

OURS = "{}.{}".format(*sys.version_info)
PYTHONS = str(Path(sys.base_prefix) / "bin")
"""The search path on which the Python that runs the tests is."""


def lock(folder: Path, versions: str) -> None:
    """Make `folder` a project without dependencies for these Pythons."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "it"\nversion = "0"\nrequires-python = "{versions}"\n'
        "[tool.uv]\npackage = false\n"
    )
    (folder / "uv.lock").write_text(
        f'version = 1\nrevision = 3\nrequires-python = "{versions}"\n'
        '[[package]]\nname = "it"\nversion = "0"\nsource = { virtual = "." }\n'
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    lock(tmp_path, f"=={OURS}.*")
    install(tmp_path, path=PYTHONS)
    return tmp_path


def test_environment_whose_interpreter_is_gone_is_made_again(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(project / "gone")
    install(project, path=PYTHONS)
    assert subprocess.run([str(python), "-c", ""], check=False).returncode == 0
    assert python_version(project) == OURS


def test_environment_for_another_python_is_not_used(project: Path, tmp_path: Path) -> None:
    lock(project, "==3.99.*")
    with pytest.raises(InstallError, match=r"3\.99"):
        install(project, path=str(tmp_path))


def test_variables_for_our_own_environment_do_not_reach_another_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", "3.99")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(project / "elsewhere"))
    install(project, path=PYTHONS)
    assert not (project / "elsewhere").exists()


def test_tests_run_on_the_lowest_and_the_highest_python_that_is_promised() -> None:
    makefile = (ROOT / "Makefile").read_text()
    [promised] = re.findall(r"^PYTHONS = (.*)$", makefile, re.MULTILINE)
    lowest, highest = promised.split()
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert ours == f">={lowest}"
    assert "make test-pythons" in (ROOT / ".ci" / "run").read_text()
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert jobs["check-and-test"]["strategy"]["matrix"]["python"] == [lowest, highest]
    # LocalStack runs on one Python, which CI's job has: its lowest is its highest.
    assert required_python(ENGINES / "localstack") == ">=3.13,<3.14"
    assert jobs["localstack"]["steps"][1]["with"]["python-version"] == "3.13"
