"""The commands that pages show, run as their readers run them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from stack.paths import ROOT

if TYPE_CHECKING:
    from support.local_stack import LocalStack

SECONDS = 60
"""What one block may take."""


def blocks(page: str, kind: str) -> dict[str, str]:
    """The blocks of `kind` in `page` (a path from the root), by their names."""
    found = re.findall(
        rf"<!-- {kind}: ([a-z]+) -->\n```bash\n(.*?)```", (ROOT / page).read_text(), re.DOTALL
    )
    return dict(found)


def run(stack: LocalStack, script: str) -> str:
    """What `script` prints, run by bash; only its port is another one."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://localhost:3000", stack.url)],
        cwd=ROOT,
        env={**stack.environment, "API_URL": stack.url},
        text=True,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
