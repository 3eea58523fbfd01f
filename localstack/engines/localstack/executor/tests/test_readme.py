"""The commands of the README install the plug-in, run LocalStack and call a function."""

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
    lines = scripts(port)
    assert set(lines) == {"engine", "function"}
    env = environment(tmp_path)
    with (tmp_path / "log").open("wb") as log:
        engine = subprocess.Popen(
            ["bash", "-euc", lines["engine"]],
            cwd=tmp_path,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def answers() -> bool:
        assert engine.poll() is None, (tmp_path / "log").read_text()
        return healthy(port)

    try:
        until(answers, seconds=500)
        function = subprocess.run(
            ["bash", "-euc", lines["function"]],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert function.stdout.strip() == '{"hello": "world"}', function.stderr
    finally:
        os.killpg(engine.pid, signal.SIGTERM)
        engine.wait(60)


def scripts(port: int) -> dict[str, str]:
    """The README's lines, with this machine's Python and a free port."""
    ours = {
        "path/to/executor": str(FOLDER),
        "python3.13 -m venv": f"{sys.executable} -m venv",
        '"python3.13"': f'"{RUNTIME}"',
        "127.0.0.1:4566": f"127.0.0.1:{port}",
    }
    pattern = "|".join(map(re.escape, ours))
    return {
        name: re.sub(pattern, lambda found: ours[found[0]], lines) for name, lines in LINES.items()
    }


def environment(home: Path) -> dict[str, str]:
    """A shell's environment without what this test run has set."""
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "AWS_ENDPOINT_URL")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    downloads = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")
    return env | {"HOME": str(home), "TMPDIR": str(home), "PIP_CACHE_DIR": downloads}


def healthy(port: int) -> bool:
    """Whether LocalStack answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_localstack/health", timeout=2):
            return True
    except OSError:
        return False
