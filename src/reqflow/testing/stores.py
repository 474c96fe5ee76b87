"""`StoreContract`: the laws that every store keeps, ready to be run against yours."""

from __future__ import annotations

from .store_laws.agenda import AgendaLaws
from .store_laws.agreement import AgreementLaws
from .store_laws.archives import ArchiveLaws
from .store_laws.chain import ChainLaws
from .store_laws.commits import CommitLaws
from .store_laws.durability import DurabilityLaws
from .store_laws.guards import GuardLaws
from .store_laws.joining import JoiningLaws
from .store_laws.leases import LeaseLaws
from .store_laws.lines import LineLaws
from .store_laws.records import RecordLaws
from .store_laws.removals import RemovalLaws
from .store_laws.round_trips import RoundTripLaws
from .store_laws.tending import TendingLaws
from .store_laws.views import ViewLaws
from .store_laws.waking import WakingLaws
from .store_laws.wants import WantLaws

__all__ = ["StoreContract"]


class StoreContract(
    CommitLaws,
    GuardLaws,
    RecordLaws,
    ChainLaws,
    RemovalLaws,
    WantLaws,
    ViewLaws,
    LeaseLaws,
    LineLaws,
    AgendaLaws,
    TendingLaws,
    WakingLaws,
    RoundTripLaws,
    DurabilityLaws,
    JoiningLaws,
    ArchiveLaws,
    AgreementLaws,
):
    """Subclass it, say how a store is made, and pytest shows one test per law::

        class TestMyStore(StoreContract):
            def make_store(self, tmp_path):
                return MyStore(tmp_path / "desk.db")

            def reopen(self, store):
                return MyStore(store.path)

            def connect(self, store):
                return my_driver.connect(store.path)

    ``make_store`` gives an empty store, with its schema in place, for each test. ``reopen`` gives a second
    handle on the same data, ``connect`` a connection as a host has it, whose transaction may be joined. What
    a store cannot do is declared, and its laws are skipped by name: ``persistent = False`` when there is no
    second handle, ``joinable = False`` when there is no such transaction, ``concurrent = False`` when one
    store object must not be used from several threads.
    """
