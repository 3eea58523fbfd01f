"""What the documents say is so: links lead somewhere, and the tables say what the code says.

Their commands are run by `e2e/test_tour.py`, `test_api_pages.py` and `test_inspection.py`.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

import pytest

from jobs.config import (
    ApiSettings,
    CallbackSettings,
    EventSettings,
    MailSettings,
    PollerSettings,
)
from jobs.core.job import AttemptOutcome, Status
from jobs.core.job_request import OPTIONS
from jobs.core.job_type import JobType
from stack.paths import ROOT
from stack.settings import FUNCTION_PARAMETERS
from support.openapi import DOCUMENT
from support.template import template, variables

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "infra/*.md", "tests/*.md")
    for path in ROOT.glob(pattern)
)
TOPS = ("docs", "functions", "infra", "layers", "localstack", "tests")
"""The folders whose files pages name, by any end of their path."""

NAMED = re.compile(r"[\w\-][\w.\-/]*(?:/|\.(?:py|md|yaml|toml|sql|lua|txt))")
NOT_OURS = re.compile(r"output/")
EXAMPLES = {"layers/common/jobs/processors/jsonl_export.py"}
"""Files that a reader makes."""

CONTRACT = (
    "curl http://localhost:3000/health",
    """curl -X POST http://localhost:3000/jobs -H "Content-Type: application/json" -d '{
    "type": "CSV_EXPORT", "priority": "high",
    "payload": {"data": [
      {"id": 1, "name": "venkat", "email": "venkat@example.com"},
      {"id": 2, "name": "sai", "email": "sai@example.com"}]}}'""",
    """curl -X POST http://localhost:3000/jobs -H "Content-Type: application/json" -d '{
    "type": "EMAIL_SEND", "priority": "default",
    "payload": {"to": "test@example.com", "subject": "Test Email",
                "body": "This is a test email from the job processing system."}}'""",
    r"""for i in {1..5}; do curl -X POST http://localhost:3000/jobs \
    -H "Content-Type: application/json" \
    -d "{\"type\":\"CSV_EXPORT\",\"priority\":\"default\",\"payload\":{\"data\":[{\"id\":$i}]}}";
    done
    curl -X POST http://localhost:3000/jobs -H "Content-Type: application/json" \
    -d '{"type":"CSV_EXPORT","priority":"high","payload":{"data":[{"id":999}]}}'""",
    r"""curl -X POST http://localhost:3000/jobs -H "Content-Type: application/json" \
    -d '{"type":"CSV_EXPORT","priority":"default","payload":{"data":"invalid"}}'""",
    "awslocal lambda list-functions",
    "awslocal s3 ls",
    "awslocal events list-rules",
    "awslocal logs tail",
    """psql "$DATABASE_URL" -c 'SELECT * FROM jobs'""",
    """redis-cli -u "$REDIS_URL" KEYS '*'""",
    "cp .env.example .env",
    "docker-compose up --build",
    "docker-compose ps",
    "docker-compose exec db psql -U user -d jobs_db",
    "docker-compose exec redis redis-cli",
    "docker-compose logs -f poller",
)
"""The commands that must work as they are written here."""


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", text(page), flags=re.DOTALL | re.MULTILINE)


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows of every table between `heading` and the next of its level."""
    level = heading.partition(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", text(page), re.DOTALL | re.MULTILINE
    )
    assert found, heading
    lines = [line for line in found[1].splitlines() if line.startswith("| ")]
    cells = [re.split(r" ?\| ?", line)[1:-1] for line in lines]
    return [each for each in cells if each[0].startswith("`") or each[0].startswith("**")]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def table(page: str, heading: str) -> dict[str, set[str]]:
    """What stands in code in the second cell, by the code in the first."""
    return {codes(name)[0]: set(codes(cell)) for name, cell, *_ in rows(page, heading)}


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) <= 200


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        found = target.relative_to(ROOT).as_posix()
        if not target.exists() or (anchor and anchor not in anchors(found)):
            missing.append(link)
    assert missing == []


@cache
def files() -> str:
    """The path of each file and folder, between slashes, a line each."""
    own = [path for top in TOPS for path in (ROOT / top).rglob("*") if ".venv" not in path.parts]
    top = [path for path in ROOT.iterdir() if path.name in TOPS or path.is_file()]
    return "\n".join(f"/{path.relative_to(ROOT).as_posix()}/" for path in (*own, *top))


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_file_that_is_named_exists(page: str) -> None:
    spans = {code.removeprefix("../") for code in codes(prose(page))}
    named = {code for code in spans if NAMED.fullmatch(code)} - EXAMPLES
    missing = {
        code
        for code in named
        if not NOT_OURS.match(code) and f"/{code.strip('/')}/\n" not in f"{files()}\n"
    }
    assert missing == set()


@pytest.mark.parametrize("command", CONTRACT, ids=lambda command: " ".join(command.split())[:60])
def test_every_command_of_the_contract_is_shown_as_it_is(command: str) -> None:
    shown = " ".join(" ".join(text(page) for page in PAGES).split())
    assert " ".join(command.split()) in shown


SETTINGS: tuple[type[Any], ...] = (
    *(ApiSettings, PollerSettings),
    *(MailSettings, CallbackSettings, EventSettings),
)


def settings() -> dict[str, str]:
    """The defaults of `config.py`, by variable; empty where there is none."""
    return {
        each.name.upper(): _written(each.default)
        for settings in SETTINGS
        for each in fields(settings)
    }


def _written(default: Any) -> str:
    if default is MISSING or default in ((), frozenset()):
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def examples() -> dict[str, str]:
    """What `.env.example` gives as the defaults, by variable; empty where there is none."""
    lines = re.findall(r"^(?:# )?([A-Z_]+=.*)$", text(".env.example"), re.MULTILINE)
    return dict(line.split("=", 1) for line in lines)


def parameters() -> dict[str, str]:
    """The defaults of the template's parameters; empty where there is none."""
    return {name: str(each.get("Default", "")) for name, each in template()["Parameters"].items()}


def parameter_of() -> dict[str, str]:
    """The parameter that sets a variable of a function, by variable."""
    set_by = {
        name: value["Ref"]
        for function in ("ApiFunction", "PollerFunction")
        for name, value in variables(function).items()
        if value.get("Ref") in parameters()
    }
    return FUNCTION_PARAMETERS | set_by


def test_the_configuration_lists_every_variable_with_its_defaults() -> None:
    page = "docs/configuration.md"
    listed = table(page, "## Variables of the functions") | table(
        page, "## Variables of the local stack"
    )
    sources: list[dict[str, str]] = [
        examples(),
        settings(),
        {name: parameters()[each] for name, each in parameter_of().items()},
    ]
    names = set().union(*sources)
    expected = {name: {each.get(name, "") for each in sources} - {""} for name in names}
    assert listed == expected


def test_the_configuration_lists_every_parameter_that_no_variable_sets() -> None:
    listed = table("docs/configuration.md", "## Parameters without a variable")
    others = parameters().keys() - set(parameter_of().values())
    assert listed == {name: {parameters()[name]} - {""} for name in others}


def test_the_page_on_the_api_lists_every_route_with_its_scope() -> None:
    listed = {
        tuple(route.split(" ", 1)): scope.strip("`")
        for routes, _, scope in rows("docs/api.md", "## All requests")
        for route in codes(routes)
    }
    assert listed == {
        (method.upper(), path): _scope(operation)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def _scope(operation: dict[str, Any]) -> str:
    scopes = [scope for each in operation["security"] for scope in each.get("key", [])]
    return str(scopes[0]) if scopes else "none"


def test_the_page_on_the_api_lists_every_type_of_problem() -> None:
    listed = {
        name
        for _, names in _status_rows()
        for name in codes(names)
        if re.fullmatch("[a-z-]+", name)
    }
    sources = [path.read_text() for path in (ROOT / "functions/api").glob("*.py")]
    own = re.findall(r'\b\d{3}, "([a-z-]+)"\)', "\n".join(sources))
    gateways = re.findall(r"urn:problem-type:sluice:([a-z-]+)", text("template.yaml"))
    assert listed == {*own, *gateways}


def test_the_page_on_the_api_lists_every_option_of_a_job() -> None:
    listed = [codes(member)[0] for member, *_ in rows("docs/api.md", "## Submit")]
    assert sorted(listed) == sorted(["type", "payload", *(each.name for each in OPTIONS.values())])


def test_the_page_on_job_types_lists_every_part_of_one() -> None:
    parts = rows("docs/job-types.md", "### The parts of a `JobType`")
    listed = [codes(part)[0].partition("(")[0] for part, *_ in parts]
    assert listed == [each.name for each in fields(JobType)]


def _status_rows() -> list[tuple[str, str]]:
    return re.findall(r"^\| (\d{3}[\d, ]*) \| (.*) \|$", text("docs/api.md"), re.MULTILINE)


def test_the_log_is_listed_event_by_event() -> None:
    listed = {
        name for names, *_ in rows("docs/operations.md", "## The log") for name in codes(names)
    }
    sources = [*ROOT.glob("layers/common/jobs/**/*.py"), *ROOT.glob("functions/**/*.py")]
    code = "\n".join(path.read_text() for path in sources)
    logged = {
        *re.findall(r'\b(?:log|_log|log\.event)\(\s*"([a-z._]+)"', code),
        *re.findall(r'\bevent(?:: str)? ?= ?"([a-z._]+)"', code),
        *re.findall(r'_line\(record\.created, "([a-z]+)"', code),
    }
    assert listed == logged


def test_the_states_are_all_there() -> None:
    diagram = text("docs/states.md").partition("```mermaid")[2].partition("```")[0]
    assert set(re.findall(r"\b[a-z]+(?= -->)|(?<=--> )[a-z]+", diagram)) == {*Status}
    outcomes = table("docs/states.md", "## How an attempt ends")
    assert outcomes.keys() == {*AttemptOutcome}


def test_the_glossary_has_one_sentence_for_each_word() -> None:
    words = re.findall(r"^\| \*\*([a-z]+)\*\* \| (.+) \|$", text("docs/glossary.md"), re.MULTILINE)
    assert len(words) >= 25
    assert [word for word, meaning in words if not re.fullmatch(r"[A-Z`].*[^.]\.", meaning)] == []


def test_every_guarantee_names_faults_of_the_table_or_tests() -> None:
    faults = set(re.findall(r"^\| ([A-H]\d+) \|", text("tests/README.md"), re.MULTILINE))
    for promise, _, held_by in rows("docs/guarantees.md", "# Guarantees"):
        named = re.findall(r"\b[A-H]\d+\b", held_by)
        tests = [code for code in codes(held_by) if code.endswith(".py")]
        assert set(named) <= faults, promise
        assert named or tests, promise
