"""A parameter reaches SAM as it is, whatever is in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stack.engines import engine_named
from stack.environments import install
from stack.paths import SAM
from stack.sam import Sam
from support.naughty import STORABLE

if TYPE_CHECKING:
    import pytest

READ = (
    "import json, sys; from samcli.cli.types import CfnParameterOverridesType;"
    " read = CfnParameterOverridesType().convert((sys.argv[1],), None, None);"
    " json.dump(read, sys.stdout)"
)
"""SAM's own reading of a value of `--parameter-overrides`."""
UTF_8 = st.characters(exclude_categories=["Cs"])
TRICKY = st.text(st.sampled_from("\\ \"'$`#:{}[]&*!|>%@,=~ü€😀\u0085\u2028\ufeff\x7fnu0"))


def read_by_sam(folder: Path, values: list[str]) -> list[str]:
    """`values` after the way to SAM, as parameters of one file."""
    names = {f"P{number}": value for number, value in enumerate(values)}
    with Sam(engine_named("ministack")(folder, 0), folder)._parameter_file(names) as overrides:
        path = Path(overrides.removeprefix("file://"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        done = subprocess.run(
            [str(install(SAM) / "python"), "-c", READ, overrides],
            env={"PATH": os.environ["PATH"], "SAM_CLI_TELEMETRY": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert not path.exists()
    read = json.loads(done.stdout)
    return [read[name] for name in names]


def test_well_known_naughty_values_arrive(tmp_path: Path) -> None:
    assert read_by_sam(tmp_path, [*STORABLE]) == [*STORABLE]


@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],  # SAM takes seconds to start
    suppress_health_check=list(HealthCheck),
)
@given(values=st.lists(TRICKY | st.text(UTF_8), min_size=200, max_size=200))
def test_every_value_arrives(values: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read_by_sam(tmp_path_factory.mktemp("sam"), values) == values
