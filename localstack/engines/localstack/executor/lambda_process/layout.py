"""The environment variables of a function, which also say where its modules are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambda_process.interpreters import Python

# Variables of LocalStack's own environment that a function gets, because the machine needs them.
INHERITED = ("LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")


def variables(
    given: Mapping[str, object],
    python: Python,
    code: Path,
    layers: Sequence[Path],
    scratch: Path,
) -> dict[str, str]:
    """The whole environment of a function's process.

    `given` are LocalStack's variables and the function's own; `layers` are the folders of the
    unpacked layers, in the order in which AWS applies them. `scratch` becomes HOME and TMPDIR.
    """
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {name: str(value) for name, value in given.items() if value is not None}
    modules = _module_folders(python, layers)
    programs = [str(Path(python.path).parent), *(str(layer / "bin") for layer in reversed(layers))]
    libraries = [str(layer / "lib") for layer in reversed(layers) if (layer / "lib").is_dir()]
    return {
        "LANG": "en_US.UTF-8",
        **inherited,
        "HOME": str(scratch),
        **own,
        "PATH": os.pathsep.join([*programs, own.get("PATH") or os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(
            [str(code), *map(str, modules), *filter(None, [own.get("PYTHONPATH")])]
        ),
        **({"LD_LIBRARY_PATH": os.pathsep.join(libraries)} if libraries else {}),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(scratch),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{python.version}",
        "LAMBDA_TASK_ROOT": str(code),
    }


def _module_folders(python: Python, layers: Sequence[Path]) -> list[Path]:
    """The folders of the layers' modules; those of the last layer come first."""
    site_packages = Path("python", "lib", f"python{python.version}", "site-packages")
    return [layer / part for layer in reversed(layers) for part in (site_packages, Path("python"))]
