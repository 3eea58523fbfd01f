"""`python -m reference`: write the generated parts of openapi.yaml and docs/api.md, and the two
files that are made of openapi.yaml and served.

With `--check` nothing is written, and stale files are named.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from api.reference import SERVED
from reference.document import SOURCE, parsed, refreshed
from reference.options import PAGE, with_options
from reference.page import page

if TYPE_CHECKING:
    from pathlib import Path


def made() -> dict[Path, str]:
    """The text of every generated file, by its path."""
    source = refreshed(SOURCE.read_text("utf-8"))
    document = parsed(source)
    return {
        SOURCE: source,
        SERVED / "openapi.json": json.dumps(document, ensure_ascii=False, indent=1) + "\n",
        SERVED / "docs.html": page(document),
        PAGE: with_options(PAGE.read_text("utf-8")),
    }


def main() -> int:
    """Write or check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    checked = parser.parse_args().check
    stale = {
        path: text
        for path, text in made().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if checked:
            sys.stderr.write(f"{path} is stale: run make reference\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return int(checked and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
