"""`python -m jobs.api_keys`: create, list and revoke the keys of the API, in `DATABASE_URL`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from jobs import bootstrap
from jobs.core.api_keys import OWNER, new_key
from jobs.core.errors import JobsError, SchemaMissing, StoreUnavailable
from jobs.core.ports.api_keys import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.ports.api_keys import ApiKey, ApiKeyStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        said = chosen.run(bootstrap.api_keys(os.environ), chosen)
    except JobsError as error:
        sys.stderr.write(f"key: {_said(error)}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


def _said(error: JobsError) -> str:
    """`error`, with the words of the database: who asks here has its password anyway."""
    if isinstance(error, StoreUnavailable) and not isinstance(error, SchemaMissing):
        return f"{error}: {' '.join(str(error.__cause__).split())}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="key", description=__doc__)
    commands = parser.add_subparsers(required=True)
    create = commands.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("owner", type=_owner, help="whose jobs it is for: ci, billing, …")
    create.add_argument(
        "--scopes", type=_scopes, default="submit,read", help=f"of {', '.join(Scope)}"
    )
    create.set_defaults(run=_create)
    commands.add_parser("list", help="show all keys").set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="make a key worthless, from now on")
    revoke.add_argument("id", help="as the list has it")
    revoke.set_defaults(run=_revoke)
    return parser


def _create(keys: ApiKeyStore, chosen: argparse.Namespace) -> str:
    key, text = new_key(chosen.owner, chosen.scopes)
    keys.add(key)
    return text


def _list(keys: ApiKeyStore, chosen: argparse.Namespace) -> str:
    del chosen
    lines = [("id", "owner", "scopes", "created", "revoked"), *map(_fields, keys.all())]
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    return "\n".join("".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _revoke(keys: ApiKeyStore, chosen: argparse.Namespace) -> str:
    if not keys.revoke(chosen.id):
        message = f"there is no key {chosen.id!r}: see the list"
        raise JobsError(message)
    return f"{chosen.id} is revoked"


def _fields(key: ApiKey) -> tuple[str, ...]:
    created, revoked = (
        at.strftime("%Y-%m-%d %H:%M:%S") if at else "" for at in (key.created_at, key.revoked_at)
    )
    return key.id, key.owner, ",".join(sorted(key.scopes)), created, revoked


def _owner(text: str) -> str:
    if not OWNER.fullmatch(text):
        wanted = f"{text!r} is not 1 to 63 of a-z, 0-9, '.', '_' and '-'"
        raise argparse.ArgumentTypeError(wanted)
    return text


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(word.strip()) for word in text.split(","))
    except ValueError:
        wanted = f"{text!r} is not a list of {', '.join(Scope)}"
        raise argparse.ArgumentTypeError(wanted) from None


if __name__ == "__main__":
    sys.exit(main())
