"""The desk document: found, compiled, replaced by its next revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..core.batch import Batch, Timer
from ..core.configuration import compile_desk
from ..core.events import Cause, CauseKind, DeskChanged, Entry
from ..core.facts import DeskDocument, WantDesk
from ..core.ids import digest_of
from ..core.model import Actor, Code, CommandKey, Workspace
from ..core.settings import Desk
from ..core.timers import drain_key, reindex_key, retain_key, sweep_key
from ..errors import Conflict, UsageError
from .asks import AskCommit, AskRecall

if TYPE_CHECKING:
    from .asks import Flow

__all__ = ["DESK_STREAM", "configure", "desk_of", "load_desk", "settings_of"]

DESK_STREAM = "desk"


def load_desk(workspace: Workspace) -> Flow:
    """The stored desk, compiled; None where none was ever stored."""
    (document,) = yield AskRecall(workspace, (WantDesk(-1),))
    return None if document is None else desk_of(document)


def settings_of(workspace: Workspace) -> Flow:
    """The configuration as it was given last, to read or to load again. Raises `UsageError` where there is none."""
    import json  # seldom needed

    (document,) = yield AskRecall(workspace, (WantDesk(-1),))
    if document is None:
        raise UsageError(f"workspace {workspace!r} has no desk in this store yet")
    return json.loads(document.content)


def desk_of(document: DeskDocument) -> Desk:
    """Compile a stored desk document."""
    import json  # seldom needed

    return compile_desk(
        json.loads(document.content),
        salt=bytes.fromhex(document.salt),
        revision=document.revision,
    )


def configure(
    workspace: Workspace,
    given: Mapping[str, Any],
    by: Actor,
    fresh_salt: str,
    at: datetime,
    policies: Iterable[str] = (),
    taken: Iterable[str] = (),
) -> Flow:
    """Store a desk's configuration as the next revision. The same content again changes nothing.

    ``policies`` are the names that queues may use, ``taken`` those of rules that plugins bring. Returns
    ``(Desk, changed)``. Raises `InvalidSettings` before anything is stored.
    """
    import json  # as above

    while True:
        (known,) = yield AskRecall(workspace, (WantDesk(-1),))
        salt = known.salt if known is not None else fresh_salt
        revision = known.revision + 1 if known is not None else 1
        desk = compile_desk(
            given, salt=bytes.fromhex(salt), revision=revision, policies=policies, taken=taken
        )
        content = json.dumps(given, sort_keys=True, ensure_ascii=False, default=dict)  # Mappings too
        if known is not None and known.content == content:
            return desk_of(known), False
        document = DeskDocument(revision, content, salt)
        event = DeskChanged(revision=revision, digest=Code(digest_of(content.encode()).hex()))
        entry = Entry(
            stream=Code(DESK_STREAM),
            seq=revision,
            at=at,
            actor=by,
            cause=Cause(kind=CauseKind.SETUP, key=CommandKey(f"desk.{revision}")),
            events=(event,),
        )
        try:
            # deadlines may be nearer under the new settings: a timer looks at every open conversation
            sweep = (Timer(sweep_key(revision), at),) if known is not None else ()
            # ... and there may be more agents, or more room for each
            queues = desk.queues.values() if known is not None else ()
            drains = tuple(Timer(drain_key(queue.id), at) for queue in queues if queue.policy)
            # ... and more can be searched
            more = known is not None and _searched(desk) - _searched(desk_of(known))
            past = (Timer(reindex_key(), at),) if more else ()
            # ... or purged, or sooner
            sooner = known is not None and _purged(desk) - _purged(desk_of(known))
            gone = (Timer(retain_key(), at),) if sooner else ()
            yield AskCommit(
                Batch(
                    workspace=workspace,
                    at=at,
                    entries=(entry,),
                    desk=document,
                    armed=sweep + drains + past + gone,
                )
            )
        except Conflict:
            continue
        return desk, True


def _purged(desk: Desk) -> frozenset[tuple[str, timedelta]]:
    """The channels, by name or pattern, whose closed conversations are purged, and after which span."""
    spans = {name: settings.purge_closed_after for name, settings in desk.channels.items()}
    return frozenset((name, span) for name, span in spans.items() if span)


def _searched(desk: Desk) -> frozenset[str]:
    """The channels, by name or pattern, whose closed conversations can be searched."""
    return frozenset(name for name, settings in desk.channels.items() if settings.searchable)
