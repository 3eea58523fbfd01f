"""`python -m stack.engines TITLE`: install an engine, or print what is missing."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from stack.engines import ENGINES, engine_named
from stack.environments import InstallError
from stack.ports import free_port


def main() -> None:
    """Install the engine without starting it."""
    options = argparse.ArgumentParser(prog="stack.engines", description=__doc__)
    options.add_argument("title", choices=tuple(ENGINES))
    title = options.parse_args().title
    with tempfile.TemporaryDirectory() as folder:
        try:
            engine_named(title)(Path(folder), free_port()).prepare()
        except InstallError as error:
            raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
