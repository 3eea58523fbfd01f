"""A digest of all that a deployment is made of, to see whether it changed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from stack.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SOURCES = ("template.yaml", "samconfig.toml", "uv.lock", "functions", "layers", "infra")
IGNORED = {"__pycache__", ".venv", ".mypy_cache", ".ruff_cache", ".aws-sam"}


def sources() -> Iterator[Path]:
    """Every source file of a deployment, in a fixed order."""
    for name in SOURCES:
        top = ROOT / name
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in found:
            if path.is_file() and not IGNORED & set(path.relative_to(ROOT).parts):
                yield path


def build_digest(parameters: Mapping[str, str]) -> str:
    """The SHA-256 of the source files and of the template's parameters, in hexadecimal."""
    total = sha256()
    for path in sources():
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(sha256(path.read_bytes()).digest())
    for name, value in sorted(parameters.items()):
        total.update(f"{name}={value}\0".encode())
    return total.hexdigest()
