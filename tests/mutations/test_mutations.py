"""Each guard, taken away, is missed by a test that passes while it is there.

Everything happens in a copy of the checkout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mutations.copy import Copy
from mutations.table import MUTATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from mutations.mutation import Mutation

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy.into(tmp_path_factory.mktemp("copy").resolve())


def test_what_is_not_changed_passes(copy: Copy) -> None:
    failure = copy.failure({test for each in MUTATIONS for test in each.tests})
    assert failure is None, failure


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_test_goes_red(copy: Copy, mutation: Mutation) -> None:
    with mutation.applied(copy.folder):
        assert copy.failure(mutation.tests), f"{mutation.name}: nobody noticed"


def test_a_mutation_that_finds_nothing_to_change_says_so(tmp_path: Path) -> None:
    [first, *_] = MUTATIONS
    (tmp_path / first.file).parent.mkdir(parents=True)
    (tmp_path / first.file).write_text("SELECT")
    with pytest.raises(ValueError, match="0 times in"), first.applied(tmp_path):
        pass
