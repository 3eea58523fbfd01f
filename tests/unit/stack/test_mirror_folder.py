"""A file of the mirror appears complete or not at all, and only in its folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from stack.mirror.announcement import announced
from stack.mirror.folder import Folder, NameTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "output")


@pytest.mark.parametrize(
    "key",
    [
        "output/../../etc/passwd.csv",
        "output/sub/../../a.csv",
        "output/sub/./a.csv",
        "output/..",
        "output/.",
        "output//etc/passwd.csv",
        "output/sub/",
        "output/a\0.csv",
        "output/a\n.csv",
        "output/\x1b[31m/a.csv",
        "output/\ud800.csv",
        "output/.a.csv-x1y2.part",
        "output/",
        "other/a.csv",
        "/output/a.csv",
        "a.csv",
        "",
        f"output/{'x' * 300}.csv",
        f"output/{'é' * 130}.csv",
        f"output/{'x' * 300}/a.csv",
    ],
)
def test_a_key_without_a_possible_name_has_no_file(folder: Folder, key: str) -> None:
    assert folder.name_of(key) is None


@pytest.mark.parametrize(
    "name",
    [
        "123e4567-e89b-12d3-a456-426614174000.csv",
        "123e4567-e89b-12d3-a456-426614174000.jsonl",
        "no-suffix",
        ".hidden",
        "..csv",
        "...",
        "reports/2026/a b+c.pdf",
        "2026-01-01T00:00:00.csv",
        "..\\a.csv",
        "~/a",
        "$HOME",
        "Büro/表　計算.csv",
        "x" * 255,
    ],
)
def test_every_other_name_below_the_prefix_is_that_of_its_file(folder: Folder, name: str) -> None:
    assert folder.name_of(f"output/{name}") == name
    path = folder.write(name, [b"1"])
    assert path.read_bytes() == b"1"
    assert path.resolve().is_relative_to(folder.path.resolve())
    assert not list(folder.path.rglob("*.part"))


def test_no_link_leads_out_of_the_folder(folder: Folder, tmp_path: Path) -> None:
    folder.path.mkdir()
    (folder.path / "out").symlink_to(tmp_path)
    assert folder.name_of("output/out/a.csv") is None
    assert folder.name_of("output/out/sub/a.csv") is None
    (folder.path / "a.csv").symlink_to(tmp_path / "theirs")
    folder.write("a.csv", [b"1"])
    assert not (tmp_path / "theirs").exists()


def test_folder_that_is_a_link_itself_is_used(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.path.symlink_to(tmp_path / "elsewhere")
    assert folder.name_of("output/sub/a.csv") == "sub/a.csv"


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c")])
def test_file_and_folder_of_one_name_are_told_apart(
    folder: Folder, first: str, second: str
) -> None:
    folder.write(first, [b"1"])
    with pytest.raises(NameTakenError):
        folder.write(second, [b"2"])
    assert not folder.has(second, size=1, since=datetime.now(UTC) - timedelta(hours=1))
    assert (folder.path / first).read_bytes() == b"1"
    assert not list(folder.path.rglob("*.part"))


def test_a_file_is_replaced_whole(folder: Folder) -> None:
    folder.write("a.csv", [b"id\r\n", b"1\r\n"])
    path = folder.write("a.csv", [b"id\r\n", b"2\r\n"])
    assert path.read_bytes() == b"id\r\n2\r\n"
    assert [found.name for found in folder.path.iterdir()] == ["a.csv"]


def test_a_copy_that_is_cut_off_leaves_the_old_file(folder: Folder) -> None:
    path = folder.write("a.csv", [b"whole"])

    def cut_off() -> Iterator[bytes]:
        yield b"ha"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        folder.write("a.csv", cut_off())
    assert path.read_bytes() == b"whole"
    assert [found.name for found in folder.path.iterdir()] == ["a.csv"]


def test_what_a_killed_mirror_left_is_removed_and_nothing_else(folder: Folder) -> None:
    kept = folder.write("a.csv", [b"1"])
    (folder.path / ".a.csv-x1y2.part").write_bytes(b"ha")
    (folder.path / "mine.part").write_bytes(b"not the mirror's")
    assert folder.clean() == 1
    assert {found.name for found in folder.path.iterdir()} == {kept.name, "mine.part"}


def test_a_file_is_there_if_it_has_the_size_and_is_not_older(folder: Folder) -> None:
    now = datetime.now(UTC)
    assert not folder.has("a.csv", size=1, since=now)
    folder.write("a.csv", [b"1"])
    assert folder.has("a.csv", size=1, since=now - timedelta(hours=1))
    assert not folder.has("a.csv", size=2, since=now - timedelta(hours=1))
    assert not folder.has("a.csv", size=1, since=now + timedelta(hours=1))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "not JSON",
        '{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
        '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
        '{"Records": [{"eventName": "ObjectRemoved:Delete",'
        ' "s3": {"bucket": {"name": "b"}, "object": {"key": "output/a.csv"}}}]}',
    ],
)
def test_any_other_message_announces_nothing(body: str) -> None:
    assert list(announced(body)) == []


def test_an_announced_key_is_decoded() -> None:
    body = (
        '{"Records": [{"eventName": "ObjectCreated:Put",'
        ' "s3": {"bucket": {"name": "b"}, "object": {"key": "output/a+b%C3%A9.csv"}}}]}'
    )
    assert list(announced(body)) == [("b", "output/a bé.csv")]
