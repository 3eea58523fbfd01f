"""The reference is up to date and complete, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from api.reference import SERVED
from jobs.processors import JOB_TYPES
from reference.__main__ import made
from reference.document import SOURCE, refreshed
from reference.options import with_options
from support.gateway import JSON, event, send
from support.openapi import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE = made()


class Page(HTMLParser):
    """What a page loads or links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            match name:
                case "href":
                    self.links.add(value or "")
                case "src" | "srcset" | "action" | "data":
                    self.loads.add(value or "")
                case "id":
                    self.ids.append(value or "")


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_what_is_made_is_up_to_date(path: Any) -> None:
    assert path.read_text() == MADE[path], "run make reference"


def test_what_is_made_stays_the_same_when_it_is_made_again() -> None:
    assert refreshed(SOURCE.read_text()) == SOURCE.read_text()


@pytest.mark.parametrize(
    "part", ["the job types and options", "the options of a job", "the members of a job"]
)
def test_a_document_without_the_place_for_a_generated_part_is_refused(part: str) -> None:
    text = SOURCE.read_text().replace(f"# Generated from {part} by", "#")
    with pytest.raises(ValueError, match=rf"openapi\.yaml: .*{part}"):
        refreshed(text)


def test_a_page_without_the_place_for_the_options_is_refused() -> None:
    with pytest.raises(ValueError, match=r"api\.md: the comments around the table of options"):
        with_options("# The API\n")


def test_the_document_is_served_as_it_is_written() -> None:
    answer = send(event("GET", "/openapi.json"))

    assert (answer.status, answer.headers["content-type"]) == (200, JSON)
    assert answer.json == DOCUMENT


def test_the_page_is_served_and_may_load_nothing() -> None:
    answer = send(event("GET", "/docs"))

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.text == (SERVED / "docs.html").read_text()


def test_the_page_needs_nothing_but_itself() -> None:
    text = (SERVED / "docs.html").read_text()
    page = Page(text)

    assert page.loads == set()
    assert not page.tags & {"script", "link", "img", "iframe", "object", "base"}
    assert not re.search(r"url\(|@import", text)
    assert len(page.ids) == len(set(page.ids))
    assert page.links - {"openapi.json"} <= {f"#{each}" for each in page.ids}


def test_the_page_has_every_request_every_schema_and_every_example() -> None:
    text = (SERVED / "docs.html").read_text()
    page = Page(text)

    for operations in DOCUMENT["paths"].values():
        assert {each["operationId"] for each in operations.values()} <= set(page.ids)
    assert {f"schema-{name}" for name in DOCUMENT["components"]["schemas"]} <= set(page.ids)
    assert "venkat@example.com" in text


def properties(node: object) -> Iterator[str]:
    """The name of every member of every object that a document describes."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for each in node.values():
            yield from properties(each)
    elif isinstance(node, list):
        for each in node:
            yield from properties(each)


def test_the_page_has_every_member_of_every_request_and_answer() -> None:
    text = (SERVED / "docs.html").read_text()
    rows = re.findall(r"<tr>\n<td><code>([^<]+)</code>", text)

    assert set(properties(DOCUMENT)) - {path.rpartition(".")[2] for path in rows} == set()
    assert {"queues[].oldestSeconds", "progress.percent", "jobs[].existing"} <= set(rows)


def test_the_page_tells_of_keys() -> None:
    text = (SERVED / "docs.html").read_text()

    assert "X-Api-Key" in text
    assert "Scope of the key: <code>submit</code>" in text


def test_the_page_writes_defaults_as_json_does() -> None:
    assert "<code>False</code>" not in (SERVED / "docs.html").read_text()


def test_every_job_type_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    named = [each.get("$ref") for each in schemas["Payload"]["anyOf"]]

    assert schemas["Type"] == {"enum": list(JOB_TYPES)}
    for each in JOB_TYPES.values():
        assert each.payload
        assert f"#/components/schemas/{each.payload.__name__}" in named


def test_what_is_served_is_json_that_every_parser_reads() -> None:
    json.loads((SERVED / "openapi.json").read_text())
