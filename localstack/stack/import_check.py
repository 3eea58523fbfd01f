"""Import every job type before a deployment, to say at once which file and line is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from stack.engines.engine import CREDENTIALS, REGION
from stack.environments import InstallError, uv
from stack.paths import LAMBDA_RUNTIME, ROOT
from stack.sam import DeployError
from stack.surroundings import for_download

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE = Path(__file__).with_name("import_probe.py")
LAYER_REQUIREMENTS = Path("layers", "common", "requirements.txt")
MAX_SECONDS = 60.0


@dataclass(frozen=True)
class ImportCheck:
    """Imports the job types of the repository `root` with the functions' Python.

    `python` is the path of that interpreter and `version` its version, as `3.13`. The job types can
    import the packages of the layer and of Lambda's runtime only, as on AWS; these are installed in
    `folder`. An import that takes more than `max_seconds` is an error.
    """

    python: str
    version: str
    folder: Path
    root: Path = ROOT
    max_seconds: float = MAX_SECONDS

    def run(self) -> None:
        """Raise `DeployError` with a line `path:line: error` for each error, or `InstallError`."""
        problems = list(dict.fromkeys(self._problems()))
        if problems:
            raise DeployError(
                f"nothing is deployed: the code cannot be imported with Python {self.version}\n"
                + "\n".join(problems)
            )

    def _problems(self) -> Iterator[str]:
        printed, end = self._probe()
        last = PROBE.name
        for each in printed.splitlines():
            file, line, error = json.loads(each)
            last = file
            if error is not None:
                yield f"{file}: {error}" if line is None else f"{file}:{line}: {error}"
        if end is not None:
            yield f"{last}: {end}"

    def _probe(self) -> tuple[str, str | None]:
        """The probe's reports, and the reason if it did not reach its end."""
        compiled = f"pycache_prefix={self.folder / 'compiled'}"
        libraries = str(self._libraries())
        try:
            done = subprocess.run(  # noqa: S603
                [
                    *(self.python, "-I", "-S", "-X", compiled),
                    *(str(PROBE), str(self.root), libraries),
                ],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=self.max_seconds,
            )
        except subprocess.TimeoutExpired as expired:
            printed = expired.stdout or b""
            text = printed.decode() if isinstance(printed, bytes) else printed
            return text, f"its import takes more than {self.max_seconds:g} s"
        if done.returncode == 0:
            return done.stdout, None
        return done.stdout, f"its import ends the process (status {done.returncode}) {done.stderr}"

    def _libraries(self) -> Path:
        """Install the packages of the layer and of Lambda's runtime once; returns their folder."""
        wanted = (self.root / LAYER_REQUIREMENTS).read_text() + _runtime_requirements()
        kind = f"python{self.version}"
        place = self.folder / f"{kind}-{sha256(wanted.encode()).hexdigest()[:16]}"
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            for outdated in self.folder.glob(f"{kind}-*"):
                rmtree(outdated, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as draft:
                _install(wanted, Path(draft, place.name), self.version)
                Path(draft, place.name).rename(place)
        return place


def _environment() -> dict[str, str]:
    """The variables that Lambda gives a function; the credentials give access to nothing."""
    region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    return {"PATH": os.environ.get("PATH", ""), **region, **CREDENTIALS}


def _runtime_requirements() -> str:
    return _uv(
        *("export", "--frozen", "--project", str(LAMBDA_RUNTIME), "--no-emit-project"),
        # Functions do not import the runtime's own client.
        *("--no-header", "--no-annotate", "--no-emit-package", "awslambdaric"),
    )


def _install(requirements: str, folder: Path, version: str) -> None:
    _uv(
        *("pip", "install", "--target", str(folder), "--python-version", version),
        *("--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", "-"),
        given=requirements,
    )


def _uv(*words: str, given: str = "") -> str:
    done = subprocess.run(  # noqa: S603
        [uv(), *words, "--quiet"],
        env=for_download(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(f"uv {' '.join(words[:2])} failed:\n{done.stderr.strip()}")
    return done.stdout
