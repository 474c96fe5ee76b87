"""What reqflow needs from outside, as small protocols: a store, transports, classifiers, a clock.

Every port may be sync, or async with the same names for `AsyncEngine`. What a store commits is a
`reqflow.core.batch.Batch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rooms import window

if TYPE_CHECKING:
    from ..core.asking.suggesting import Suggestion
    from ..core.batch import (
        Absorbed,
        Adopted,
        Batch,
        Gone,
        Hold,
        HoldKind,
        InboxItem,
        Lease,
        LeaseQueue,
        LoadChange,
        RecordPut,
        ThreadKey,
        Timer,
    )
    from ..core.chain import Head, StoredEntry
    from ..core.queues import Backlog, ParkedItem
    from .archive import KeptItem, KeptOutcome, KeptText, Row
    from .counsel import Classifier, Clock, Suggester
    from .outbox import EffectState, StoredEffect
    from .schema import Schema
    from .stores import JoinedStore, Store, Waker
    from .transports import Receipt, ReceiptKind, Transport
    from .views import (
        Conversations,
        Effects,
        Entries,
        Messages,
        Page,
        Parked,
        Records,
        Requests,
        Streams,
        Texts,
        View,
    )
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            "..core.asking.suggesting": "Suggestion",
            "..core.batch": (
                "Absorbed Adopted Batch Gone Hold HoldKind InboxItem Lease LeaseQueue LoadChange RecordPut "
                "ThreadKey Timer"
            ),
            "..core.chain": "Head StoredEntry",
            "..core.queues": "Backlog ParkedItem",
            ".archive": "KeptItem KeptOutcome KeptText Row",
            ".counsel": "Classifier Clock Suggester",
            ".outbox": "EffectState StoredEffect",
            ".schema": "Schema",
            ".stores": "JoinedStore Store Waker",
            ".transports": "Receipt ReceiptKind Transport",
            ".views": (
                "Conversations Effects Entries Messages Page Parked Records Requests Streams Texts View"
            ),
        },
    )

__all__ = [
    "Absorbed",
    "Adopted",
    "Backlog",
    "Batch",
    "Classifier",
    "Clock",
    "Conversations",
    "EffectState",
    "Effects",
    "Entries",
    "Gone",
    "Head",
    "Hold",
    "HoldKind",
    "InboxItem",
    "JoinedStore",
    "KeptItem",
    "KeptOutcome",
    "KeptText",
    "Lease",
    "LeaseQueue",
    "LoadChange",
    "Messages",
    "Page",
    "Parked",
    "ParkedItem",
    "Receipt",
    "ReceiptKind",
    "RecordPut",
    "Records",
    "Requests",
    "Row",
    "Schema",
    "Store",
    "StoredEffect",
    "StoredEntry",
    "Streams",
    "Suggester",
    "Suggestion",
    "Texts",
    "ThreadKey",
    "Timer",
    "Transport",
    "View",
    "Waker",
]
