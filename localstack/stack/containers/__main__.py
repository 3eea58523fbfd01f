"""Start docker-compose.yml on a machine without an image registry, and test all of it.

`make verify-docker`, as root, on Debian: `apt-get install docker.io debootstrap`. A Docker of its
own, in FOLDER, builds stand-ins under the names of the images
(`localstack/docker/standins/README.md`). Then the services are built, started, tested, stopped
while jobs are posted, started again and tested again. The next run uses FOLDER again. COMPOSE names
the docker-compose to use: v1 and v2 are installed, anything else is the path of one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path

from stack.client import Client
from stack.containers.docker import Containers, docker
from stack.containers.progress import must, step
from stack.containers.smoke_test import smoke_test, stop_under_load
from stack.containers.stand_ins import build_stand_ins
from stack.environments import install
from stack.paths import COMPOSE, ROOT
from stack.ports import LOOPBACK, free_port
from stack.waiting import wait_until

REQUIRED_PROGRAMS = ("dockerd", "docker", "debootstrap")
SERVICES = {"db", "redis", "mail", "localstack", "api", "mirror", "poller"}
PORTS = ("API_PORT", "ENGINE_PORT", "POSTGRES_PORT", "REDIS_PORT", "MAIL_PORT", "MAIL_PAGE_PORT")
MAX_START_SECONDS = 420.0


def bring_up(containers: Containers) -> None:
    """Run `up --build` and wait until every service is healthy."""
    began = time.monotonic()
    containers.compose("up", "--build", "--detach")
    wait_until(
        lambda: set(containers.health().values()) == {"healthy"},
        "health of all services",
        seconds=MAX_START_SECONDS,
        every=3,
    )
    must(
        f"all healthy after {time.monotonic() - began:.0f} s", set(containers.health()) >= SERVICES
    )


def verify(containers: Containers) -> None:
    """Run the whole test; the first failure ends the process."""
    api = Client(f"http://{LOOPBACK}:{containers.ports['API_PORT']}")
    containers.output.mkdir(parents=True, exist_ok=True)
    with docker(containers):
        build_stand_ins(containers)
        step(f"docker-compose config ({containers.compose('version', '--short').strip()})")
        must("valid", containers.compose("config", "--quiet") == "")
        try:
            step("docker-compose up --build")
            bring_up(containers)
            posted = smoke_test(containers, api)
            step("docker-compose down, while jobs are posted, and up again")
            posted += stop_under_load(containers, api)
            bring_up(containers)
            ends = [api.finished(job, seconds=120)["status"] for job in posted]
            must(f"of {len(posted)} jobs none is lost", set(ends) <= {"completed", "failed"})
            must("only the bad one failed", ends.count("failed") == 1)
            smoke_test(containers, api)
        finally:
            (containers.folder / "services.log").write_text(
                containers.compose("logs", "--no-color", check=False)
            )
            containers.compose("down", "--volumes", check=False)
            shutil.rmtree(containers.output)


def docker_compose(chosen: str) -> str:
    """The path of the docker-compose that `chosen` names."""
    if "/" in chosen:
        return chosen
    return str(install(COMPOSE / chosen) / "docker-compose")


def main() -> None:
    """Check that the required programs are there, then verify."""
    options = argparse.ArgumentParser(prog="stack.containers", description=__doc__)
    options.add_argument("--folder", type=Path, default=ROOT / ".sluice" / "docker")
    options.add_argument("--compose", default="v1", help="v1, v2, or the path of another")
    chosen = options.parse_args()
    missing = [program for program in REQUIRED_PROGRAMS if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        raise SystemExit(f"needs root and {', '.join(missing or REQUIRED_PROGRAMS)}")
    began = time.monotonic()
    ports = {name: str(free_port()) for name in PORTS}
    verify(Containers(chosen.folder.resolve(), ports, docker_compose(chosen.compose)))
    step(f"verified in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
