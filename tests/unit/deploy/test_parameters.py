"""Parameters of the targets fit the template, and what functions get fits what they read."""

from __future__ import annotations

import re
import tomllib
from contextlib import nullcontext
from dataclasses import fields
from typing import Any

import pytest

from jobs.config import (
    ApiSettings,
    CallbackSettings,
    EventSettings,
    MailSettings,
    PollerSettings,
)
from jobs.core.errors import ConfigurationError
from jobs.core.worker.context import MARGIN_SECONDS
from jobs.processors import JOB_TYPES
from support.template import PARAMETERS, ROOT, parameters, template, variables

TARGETS = ["local", "localstack", "dev", "prod"]
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
FOR_TESTS = {"FAULTS"}


OF_POLLER = (PollerSettings, MailSettings, CallbackSettings, EventSettings)


def read_by(*settings: type[Any]) -> set[str]:
    return {field.name.upper() for each in settings for field in fields(each)} - FOR_TESTS


def read_all(function: str, environment: dict[str, str]) -> None:
    """Read every setting of `function`; raises `ConfigurationError`."""
    for each in OF_POLLER if function == "PollerFunction" else (ApiSettings,):
        each.read(environment)


def value(parameter: str, target: str) -> str | None:
    """What `parameter` is for `target`; None where that is nothing."""
    given = parameters(target).get(parameter, template()["Parameters"][parameter].get("Default"))
    return None if given is None else str(given)


def environment(function: str, target: str) -> dict[str, str]:
    """The variables of `function`; those that are no parameter get a name of their own."""

    def given(name: str, source: dict[str, Any]) -> str:
        if source.get("Ref") in declared():
            return str(value(source["Ref"], target))
        # Of two ways the second: no condition holds.
        return str(source["Fn::If"][2]) if "Fn::If" in source else name

    return {name: given(name, source) for name, source in variables(function).items()}


def declared() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = template()["Parameters"]
    return found


def test_every_target_has_its_parameters_and_its_commands() -> None:
    assert {path.stem for path in PARAMETERS.glob("*.yaml")} == set(TARGETS)
    for target in TARGETS:
        overrides = SAMCONFIG[target]["deploy"]["parameters"]["parameter_overrides"]
        assert overrides == f"file://infra/parameters/{target}.yaml"


@pytest.mark.parametrize("target", TARGETS)
def test_the_parameters_of_a_target_are_those_of_the_template(target: str) -> None:
    assert parameters(target).keys() <= declared().keys()
    missing = {name for name in declared() if value(name, target) is None}
    assert missing == set()


@pytest.mark.parametrize("target", TARGETS)
def test_the_values_of_a_target_are_allowed(target: str) -> None:
    for name, given in parameters(target).items():
        rules = declared()[name]
        # SAM makes True of true, which no condition equals.
        assert not isinstance(given, bool), name
        assert str(given) in map(str, rules.get("AllowedValues", [given])), name
        if rules["Type"] == "Number":
            assert float(rules.get("MinValue", given)) <= float(given)
            assert float(given) <= float(rules.get("MaxValue", given))


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_no_secret_of_aws_is_written_down(target: str) -> None:
    secrets = {name for name, rules in declared().items() if rules.get("NoEcho")}

    for name in secrets:
        assert re.fullmatch(r"\{\{resolve:[^}]+\}\}", parameters(target)[name]), name


def test_a_function_gets_what_it_reads_and_reads_what_it_gets() -> None:
    assert set(variables("ApiFunction")) == read_by(ApiSettings)
    assert set(variables("PollerFunction")) == read_by(*OF_POLLER)


@pytest.mark.parametrize("target", ["local", "localstack"])
def test_what_a_function_gets_is_valid(target: str) -> None:
    for function in ("ApiFunction", "PollerFunction"):
        read_all(function, environment(function, target))


@pytest.mark.parametrize("limit", ["MinValue", "MaxValue"])
@pytest.mark.parametrize("name", [name for name, each in declared().items() if "MaxValue" in each])
def test_what_the_template_allows_the_function_takes(name: str, limit: str) -> None:
    for function in ("ApiFunction", "PollerFunction"):
        given = environment(function, "local")
        for variable, source in variables(function).items():
            if source.get("Ref") == name:
                given[variable] = str(declared()[name][limit])

        read_all(function, given)


@pytest.mark.parametrize("name", ["jobs/of.my-own_1", "a b", "x" * 257, "arn:aws:events", "ü"])
def test_a_bus_that_the_template_takes_the_functions_take(name: str) -> None:
    taken = re.fullmatch(declared()["EventBusName"]["AllowedPattern"], name)
    given = environment("PollerFunction", "local") | {"EVENT_BUS": name}

    with nullcontext() if taken else pytest.raises(ConfigurationError, match="EVENT_BUS"):
        assert EventSettings.read(given).event_bus == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CorsOrigins", "*"),
        ("CorsOrigins", "https://example.com, http://localhost:8080"),
        ("CorsOrigins", "http://[::1]:8080"),
        ("CorsOrigins", "example.com"),
        ("CorsOrigins", "https://example.com/"),
        ("CorsOrigins", "https://example.com;https://example.org"),
        ("CallbackSecret", "x" * 24),
        ("CallbackSecret", "x" * 23),
        ("CallbackAllow", "10.1.0.0/16, ::1/128,127.0.0.1"),
        ("CallbackAllow", "localhost"),
    ],
)
def test_a_slip_that_the_functions_do_not_take_is_refused_by_the_template(
    name: str, value: str
) -> None:
    """Or it is deployed, and all requests are answered with 500."""
    variable = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
    function = "ApiFunction" if name == "CorsOrigins" else "PollerFunction"
    taken = re.fullmatch(declared()[name]["AllowedPattern"], value)

    with nullcontext() if taken else pytest.raises(ConfigurationError, match=variable):
        read_all(function, environment(function, "local") | {variable: value})


@pytest.mark.parametrize("target", TARGETS)
def test_the_patterns_of_parameters_let_those_of_a_target_in(target: str) -> None:
    for name, given in parameters(target).items():
        assert re.fullmatch(declared()[name].get("AllowedPattern", ".*"), str(given)), name


def test_a_poller_runs_longer_than_any_job_may_take() -> None:
    longest = max(job_type.max_seconds for job_type in JOB_TYPES.values())

    assert declared()["PollerTimeout"]["MinValue"] > longest + MARGIN_SECONDS
