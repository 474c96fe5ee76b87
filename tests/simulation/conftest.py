"""How many seeds: some in the usual run, thousands in the session ``soak``."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest

CHUNK = 600
"""Seeds that one test goes through, about: shared out, but enough to meet all that should happen sometimes."""
ALL_PAIRS = 12_000
"""From so many seeds on, scenarios crash at each pair of their calls."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds into chunks, so that they can be shared out."""
    if "seeds" in metafunc.fixturenames:
        asked: int = metafunc.config.getoption("--seeds")
        chunks = max(1, asked // CHUNK)
        metafunc.parametrize("seeds", [range(first, asked, chunks) for first in range(chunks)])


@pytest.fixture
def again(request: pytest.FixtureRequest) -> int:
    """Of all pairs of calls at which a scenario may crash, every so many-th is tried."""
    return max(1, ALL_PAIRS // int(request.config.getoption("--seeds")))


@pytest.fixture(autouse=True, scope="module")
def swift() -> Iterator[None]:
    """What is there already is no garbage, to be looked through again; and what fails on purpose is no news."""
    gc.collect()
    gc.freeze()
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
    gc.unfreeze()
