"""What third parties prove their plugins with. Needs pytest and hypothesis, which `reqflow` itself does not.

A store is proven by a class of three lines::

    class TestMyStore(StoreContract):
        def make_store(self, tmp_path):
            return MyStore(tmp_path / "desk.db")
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("reqflow.testing.stores", "reqflow.testing.store_laws")

from .stores import StoreContract  # noqa: E402  # assertions are rewritten before it is imported

__all__ = ["StoreContract"]
