"""The Lua scripts, each in a file of its own with what it includes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

LUA = Path(__file__).parent / "lua"

_INCLUDES = {
    "publish": ("clock", "wake_needed"),
    "take": ("clock", "wake_needed"),
    "settle": ("clock",),
    "withdraw": ("clock",),
    "leave": ("clock",),
    "standing": ("clock",),
    "presence": ("clock",),
}

NAMES = tuple(_INCLUDES)


@cache
def source(name: str) -> str:
    """The text of the script `name`, what it includes first."""
    return "\n".join((LUA / f"{part}.lua").read_text("utf-8") for part in (*_INCLUDES[name], name))
