"""The Lua scripts, one file each, and the files that they include."""

from __future__ import annotations

from functools import cache
from pathlib import Path

LUA = Path(__file__).parent / "lua"

_INCLUDES = {
    "publish": ("clock", "wake_needed"),
    "take": ("clock", "wake_needed"),
    "update_entries": ("clock",),
    "remove_ready": ("clock",),
    "deregister": ("clock",),
    "position": ("clock",),
    "pollers": ("clock",),
    "take_poll_slot": ("clock",),
}

NAMES = tuple(_INCLUDES)


@cache
def source(name: str) -> str:
    """The text of the script `name`, after the files that it includes."""
    parts = (*(f"includes/{each}" for each in _INCLUDES[name]), name)
    return "\n".join((LUA / f"{part}.lua").read_text("utf-8") for part in parts)
