"""A PostgreSQL database for the pages that work on one."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.stores.conftest import new_dsn, postgres, template

__all__ = ["database_url", "new_dsn", "postgres", "template"]


@pytest.fixture
def database_url(new_dsn: Callable[..., str]) -> str:
    """An empty database, as a URL that libpq reads and SQLAlchemy too."""
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(new_dsn(empty=True))
    return f"postgresql:///{given.pop('dbname')}?{urlencode(given)}"
