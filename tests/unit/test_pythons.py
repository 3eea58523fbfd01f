"""A Python is found beside pyenv's shims, or what is missing is said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stack.environments import InstallError
from stack.pythons import find_python, search_path

if TYPE_CHECKING:
    from pathlib import Path


def test_shims_give_way_to_the_versions_themselves(tmp_path: Path) -> None:
    for version in ("3.9.18", "3.13.0", "3.12.1", "2.7.18"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
    found = search_path(
        {"PYENV_ROOT": str(tmp_path), "PATH": os.pathsep.join([f"{tmp_path}/shims", "/usr/bin"])}
    )
    installed = [f"{tmp_path}/versions/{version}/bin" for version in ("3.13.0", "3.12.1", "3.9.18")]
    assert found.split(os.pathsep) == ["/usr/bin", *installed]


def test_without_pyenv_the_path_stays_as_it_is(tmp_path: Path) -> None:
    assert search_path({"PYENV_ROOT": str(tmp_path), "PATH": "/a:/b"}) == "/a:/b"


def test_what_is_missing_is_said() -> None:
    with pytest.raises(InstallError, match=r"Sluice needs a Python >=3\.99"):
        find_python(">=3.99", "Sluice")
