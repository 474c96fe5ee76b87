"""A PostgreSQL server for the tests of whole engines, too."""

from tests.engine.hosts import host, host_dsn, postgres_host, sqlite_host
from tests.stores.conftest import new_dsn, postgres, template

__all__ = ["host", "host_dsn", "new_dsn", "postgres", "postgres_host", "sqlite_host", "template"]
