"""The folders of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ROOT / "localstack" / "engines"
LAMBDA_RUNTIME = ENGINES / "localstack" / "runtime"
"""The project that locks what Lambda's Python runtime brings."""
SAM = ROOT / "infra" / "sam"
CLIENTS = ROOT / "localstack" / "clients"
COMPOSE = ROOT / "localstack" / "docker" / "compose"
