"""How many kills: a few hundred in the usual run, thousands in the session ``soak``."""

from __future__ import annotations

import pytest

from tests.stores.conftest import new_dsn, postgres, template

__all__ = ["kills", "new_dsn", "postgres", "template"]


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """The number of kills on each store."""
    asked: int = request.config.getoption("--kills")
    return asked
