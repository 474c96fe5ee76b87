"""A PostgreSQL server for the laws, too."""

from tests.stores.conftest import new_dsn, postgres, template

__all__ = ["new_dsn", "postgres", "template"]
