"""The lines of the README install it in an empty folder, run it, and call a function."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from engine import RUNTIME, free_port
from waiting import until

FOLDER = Path(__file__).resolve().parents[1]
README = (FOLDER / "README.md").read_text()
LINES = dict(re.findall(r"<!-- run: (\w+) -->\n```bash\n(.*?)```", README, re.DOTALL))


@pytest.mark.timeout(600)
def test_lines_of_the_readme(tmp_path: Path) -> None:
    port = free_port()
    own = {
        "path/to/executor": str(FOLDER),
        "python3.13 -m venv": f"{sys.executable} -m venv",
        '"python3.13"': f'"{RUNTIME}"',
        "127.0.0.1:4566": f"127.0.0.1:{port}",
    }
    scripts = {
        name: re.sub("|".join(map(re.escape, own)), lambda found: own[found[0]], lines)
        for name, lines in LINES.items()
    }
    assert set(scripts) == {"engine", "function"}
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "AWS_ENDPOINT_URL")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    downloads = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")
    env |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PIP_CACHE_DIR": downloads}

    def answers() -> bool:
        assert engine.poll() is None, (tmp_path / "log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_localstack/health", timeout=2):
                return True
        except OSError:
            return False

    with (tmp_path / "log").open("wb") as log:
        engine = subprocess.Popen(
            ["bash", "-euc", scripts["engine"]],
            cwd=tmp_path,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(answers, seconds=500)
        said = subprocess.run(
            ["bash", "-euc", scripts["function"]],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stdout.strip() == '{"hello": "world"}', said.stderr
    finally:
        os.killpg(engine.pid, signal.SIGTERM)
        engine.wait(60)
