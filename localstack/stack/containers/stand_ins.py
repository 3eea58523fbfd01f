"""Builds stand-ins for the images of docker-compose.yml from Debian packages and PyPI."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stack.containers.progress import step
from stack.paths import ENGINES, ROOT

if TYPE_CHECKING:
    from stack.containers.docker import Containers

RECIPES = ROOT / "localstack" / "docker" / "standins"
DEBIAN = "trixie"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
STAND_INS = {
    "python:3.13.15-slim-trixie": "python",
    "postgres:18.6-alpine3.24": "postgres",
    "redis:8.2.9-alpine3.22": "redis",
    "axllent/mailpit:v1.30.5": "mailpit",
    "localstack/localstack:4.14.0": "localstack",
}


def build_stand_ins(containers: Containers) -> None:
    """Build a stand-in for every image that would come from a registry."""
    if not containers.run("docker", "images", "-q", "sluice-debian"):
        step(f"debootstrap {DEBIAN}")
        import_debian(containers)
    with tempfile.TemporaryDirectory() as temporary:
        context = Path(temporary)
        shutil.copytree(RECIPES, context / "standins")
        shutil.copytree(
            ENGINES / "localstack",
            context / "localstack",
            ignore=shutil.ignore_patterns(".venv", "__pycache__"),
        )
        for image, name in STAND_INS.items():
            step(f"stand-in for {image}")
            recipe = str(context / "standins" / f"{name}.Dockerfile")
            containers.run("docker", "build", "-t", image, "-f", recipe, str(context))


def import_debian(containers: Containers) -> None:
    """Import Debian's base system as an image that trusts this machine's certificates."""
    with tempfile.TemporaryDirectory(dir=containers.folder) as temporary:
        root = Path(temporary) / "root"
        containers.run(
            "debootstrap", "--variant=minbase", "--include=ca-certificates", DEBIAN, str(root)
        )
        shutil.copy(CERTIFICATES, root / CERTIFICATES.lstrip("/"))
        packed = Path(temporary) / "root.tar"
        containers.run("tar", "-C", str(root), "-cf", str(packed), ".")
        trusted = f"ENV SSL_CERT_FILE={CERTIFICATES} PIP_CERT={CERTIFICATES}"
        containers.run("docker", "import", "--change", trusted, str(packed), "sluice-debian")
