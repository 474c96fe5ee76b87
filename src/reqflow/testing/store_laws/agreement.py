"""Whatever is done, in whatever order: a store answers, refuses and hands out as the store in memory does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from hypothesis import strategies as st

from ...core.events import Entry
from ...core.facts import (
    Want,
    WantConversation,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPool,
    WantRecord,
    WantRecords,
    WantRequest,
    WantThread,
    WantWaiting,
)
from ...core.model import (
    AgentId,
    Audience,
    Code,
    ConversationId,
    ConversationState,
    NativeId,
    ProfileId,
    QueueId,
    RequestId,
    RequestState,
    Workspace,
)
from ...errors import Conflict, StoreError
from ...ports import (
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
    Store,
    Texts,
    ThreadKey,
    Timer,
)
from ..samples import (
    CHANNEL,
    PROFILE,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_item,
    make_lane,
    make_message,
    make_note,
    make_outcome,
    make_request,
    make_text,
    moment,
)
from .laws import StoreLaws, items, picture
from .round_trips import for_any

__all__ = ["AgreementLaws"]

FEW = 3
AGENTS = tuple(AgentId(name) for name in ("ana", "bob", "eve"))
NOTE = Code("note")
QUEUES = tuple(QueueId(name) for name in ("sales", "help"))

# --- what is drawn: parts of commits by their numbers, and work on queues ---

few = st.integers(0, FEW - 1)
many = st.integers(0, 9)
seconds = st.integers(0, 40)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "conversations": st.tuples(few, st.sampled_from([1, 1, 1, 1, 1, 0, 2]), st.booleans()),
    "requests": st.tuples(
        few, few, st.sampled_from(RequestState), st.none() | st.sampled_from(QUEUES), st.none() | seconds
    ),
    "lanes": st.tuples(few, st.sampled_from([1, 1, 1, 1, 0, 2])),
    "messages": st.tuples(many, few, seconds, st.booleans()),
    "records": st.tuples(few, few, seconds, st.sampled_from([0, 0, 0, 0, -1, 1]), st.booleans()),
    "revised": st.tuples(many, few, seconds, st.booleans()),
    "absorbed": st.tuples(few, few),
    "adopted": st.tuples(few, seconds),
    "threads": st.tuples(st.integers(5, 7), few),
    "entries": st.tuples(few, st.sampled_from([1, 1, 1, 1, 0, 2])),
    "texts": st.tuples(few, st.sampled_from(["one", "other"])),
    "loads": st.tuples(st.sampled_from(AGENTS), st.integers(-1, 2), st.none() | seconds),
    "holds": st.tuples(st.sampled_from(HoldKind), few, st.integers(0, 2)),
    "effects": st.tuples(few, few, st.booleans(), st.none() | st.sampled_from(["card", "home"])),
    "cancelled": few,
    "armed": st.tuples(few, seconds),
    "disarmed": few,
    "inbox": st.tuples(many, few),
    "outcomes": many,
    "consumed": st.integers(0, 20),
}
commits = st.lists(
    st.sampled_from(sorted(PARTS)).flatmap(lambda name: st.tuples(st.just(name), PARTS[name])),
    min_size=1,
    max_size=6,
).map(lambda parts: ("commit", parts))
leases = st.tuples(
    st.just("lease"), st.tuples(st.sampled_from(LeaseQueue), st.integers(1, 20), st.integers(1, 4))
)
settles = st.tuples(st.just("settle"), st.lists(st.integers(0, 20), min_size=1, max_size=2))
extends = st.tuples(st.just("extend"), st.tuples(st.integers(0, 20), st.integers(1, 20)))
releases = st.tuples(
    st.just("release"),
    st.tuples(
        st.integers(0, 20),
        st.integers(-5, 20),
        st.sampled_from([None, "later", "later"]),
        st.sampled_from([False, False, True]),
    ),
)
waits = st.tuples(st.just("wait"), st.integers(1, 15))
takings = st.tuples(
    st.just("take"),
    st.lists(
        st.tuples(st.sampled_from(["texts", "erased", "profiles", "records", "conversations"]), few),
        min_size=1,
        max_size=3,
        unique=True,
    ),
)
doings = st.lists(
    st.one_of(commits, commits, leases, leases, leases, settles, extends, releases, waits, takings),
    min_size=6,
    max_size=30,
)
BEGINNING: tuple[str, Any] = (
    "commit",
    [
        *(("inbox", (number, number % 2)) for number in range(4)),
        *(("effects", (number, number % 2, False, None)) for number in range(FEW)),
        *(("armed", (number, number)) for number in range(FEW)),
        *(("messages", (number, number % FEW, number, True)) for number in range(5)),
        *(("conversations", (number, 1, False)) for number in range(FEW)),
        *(("records", (number, number % 2, number, 0, False)) for number in range(FEW)),
        *(("threads", (5 + number, number)) for number in range(2)),
    ],
)


class Run:
    """One store under a series of doings, in a workspace of its own, and the leases that it handed out."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self.store = store
        self.workspace = workspace
        self.now = 0
        self.leases: list[Lease] = []

    def do(self, doing: tuple[str, Any]) -> Any:
        """Carry out one doing; the answer, or the name of what was raised."""
        name, content = doing
        try:
            return getattr(self, name)(content)
        except Conflict as problem:
            return "Conflict", problem.rows
        except StoreError as problem:
            return type(problem).__name__

    def wait(self, span: int) -> None:
        self.now += span

    def lease(self, content: tuple[LeaseQueue, int, int]) -> list[Any]:
        queue, span, limit = content
        found = self.store.lease(
            self.workspace, queue, now=moment(self.now), until=moment(self.now + span), limit=limit
        )
        self.leases += found
        return [(each.item, each.attempts, each.lost) for each in found]

    def _lease(self, index: int) -> Lease:
        if not self.leases:
            item = make_item(99)
            return Lease(queue=LeaseQueue.INBOX, id=item.key, fence=0, attempts=0, item=item)
        return self.leases[index % len(self.leases)]

    def settle(self, indexes: Sequence[int]) -> None:
        self.store.settle(self.workspace, [self._lease(index) for index in indexes])

    def extend(self, content: tuple[int, int]) -> None:
        index, span = content
        self.store.extend(self.workspace, [self._lease(index)], moment(self.now + span))

    def release(self, content: tuple[int, int, str | None, bool]) -> None:
        index, span, note, park = content
        self.store.release(
            self.workspace, self._lease(index), ready_at=moment(self.now + span), note=note, park=park
        )

    def commit(self, parts: Sequence[tuple[str, Any]]) -> None:
        self.store.commit(self._batch(parts))

    def take(self, parts: Sequence[tuple[str, int]]) -> None:
        """Take things away; where a conversation goes, its history goes on."""
        found: dict[str, list[Any]] = {}
        entries: list[Entry] = []
        for name, number in parts:
            last = self.length(number)
            named: Any = {
                "records": (NOTE, _note(number)),
                "profiles": ProfileId(f"p_{number:04}"),
                "conversations": (_conversation(number), last),
            }.get(name, make_text(number).ref.id)
            found.setdefault(name, []).append(named)
            if name == "conversations" and last:
                entries.append(make_entry(_conversation(number), last + 1))
        gone = Gone(**{name: tuple(each) for name, each in found.items()})
        self.store.commit(
            make_batch(workspace=self.workspace, at=moment(self.now), entries=tuple(entries), gone=gone)
        )

    def _batch(self, parts: Sequence[tuple[str, Any]]) -> Batch:
        found: dict[str, list[Any]] = {}
        once: set[object] = set()
        for name, drawn in parts:
            made = MAKERS[name](self, drawn)
            named = name, drawn[0] if isinstance(drawn, tuple) else drawn
            if made is not None and named not in once:  # a batch names each row once
                once.add(named)
                found.setdefault(name, []).append(made)
        streams = {entry.stream for entry in found.get("entries", ())}
        for new in found.get("conversations", ()):  # a version counts entries
            if new.version > 0 and new.id not in streams:
                found.setdefault("entries", []).append(make_entry(new.id, new.version))
        return make_batch(
            workspace=self.workspace,
            at=moment(self.now),
            **{name: tuple(each) for name, each in found.items()},
        )

    def version(self, number: int) -> int:
        (found,) = self.store.recall(self.workspace, [WantConversation(_conversation(number))])
        return found.version if found else 0  # type: ignore[union-attr]

    def lane_version(self, number: int) -> int:
        ((lane, _),) = self.store.recall(  # type: ignore[misc, str-unpack]
            self.workspace, [WantLane(CHANNEL, ProfileId(f"p_{number:04}"))]
        )
        return lane.version if lane else 0  # type: ignore[union-attr]

    def record_version(self, number: int) -> int:
        (found,) = self.store.recall(self.workspace, [WantRecord(NOTE, _note(number))])
        return found.version if found else 0  # type: ignore[union-attr]

    def length(self, number: int) -> int:
        entries = self.store.history(self.workspace, _conversation(number))
        return entries[-1].seq if entries else 0


def _conversation(number: int) -> ConversationId:
    return ConversationId(f"c_{number:04}")


def _note(number: int) -> Code:
    return Code(f"n_{number:04}")


def _make_conversation(run: Run, drawn: tuple[int, int, bool]) -> Any:
    number, step, closed = drawn
    state = ConversationState.CLOSED if closed else ConversationState.ACTIVE
    return make_conversation(number, run.version(number) + step, state=state)


def _make_request(run: Run, drawn: tuple[int, int, RequestState, QueueId | None, int | None]) -> Any:
    number, conversation, state, queue, since = drawn
    waiting_at = None if since is None else moment(since)
    priority = 0 if since is None else since % 2
    return make_request(
        number, conversation, state=state, queue=queue, waiting_at=waiting_at, priority=priority
    )


def _make_record(run: Run, drawn: tuple[int, int, int, int, bool]) -> RecordPut:
    number, conversation, since, off, deleted = drawn
    version = run.record_version(number)
    gone = moment(99) if deleted else None
    note = make_note(number, conversation, version=version + 1, added_at=moment(since // 20), deleted_at=gone)
    return RecordPut(note, max(version + off, 0))


def _make_revised(run: Run, drawn: tuple[int, int, int, bool]) -> Any:
    number, conversation, sent, top = drawn
    return make_message(number, conversation, sent_at=moment(sent), top=top, unreviewed=True)


def _make_effect(run: Run, drawn: tuple[int, int, bool, str | None]) -> Any:
    number, destination, muted, collapse = drawn
    return make_effect(number, f"to{destination}", muted=muted, collapse=collapse)


def _make_absorbed(run: Run, drawn: tuple[int, int]) -> Absorbed | None:
    other, into = drawn
    if other == into:
        return None
    return Absorbed(_conversation(other), _conversation(into), RequestId(f"r_{into:04}"), moment(0))


def _make_hold(run: Run, drawn: tuple[HoldKind, int, int]) -> Hold:
    kind, number, version = drawn
    key = {
        HoldKind.AGENT: AGENTS[number],
        HoldKind.CONVERSATION: _conversation(number),
        HoldKind.LANE: f"{CHANNEL} p_{number:04}",
        HoldKind.RECORD: f"{NOTE} {_note(number)}",
    }
    return Hold(kind, key[kind], version)


def _make_load(run: Run, drawn: tuple[AgentId, int, int | None]) -> LoadChange:
    agent, delta, chosen = drawn
    return LoadChange(agent, delta, None if chosen is None else moment(chosen))


def _accept(run: Run, drawn: tuple[int, int]) -> InboxItem:
    number, lane = drawn
    return make_item(number, f"lane{lane}")


MAKERS: dict[str, Callable[[Run, Any], Any]] = {
    "conversations": _make_conversation,
    "requests": _make_request,
    "lanes": lambda run, drawn: make_lane(drawn[0], run.lane_version(drawn[0]) + drawn[1]),
    "messages": lambda run, drawn: make_message(drawn[0], drawn[1], sent_at=moment(drawn[2]), top=drawn[3]),
    "records": _make_record,
    "revised": _make_revised,
    "absorbed": _make_absorbed,
    "adopted": lambda run, drawn: Adopted(
        _conversation(drawn[0]), RequestId(f"r_{drawn[0]:04}"), moment(drawn[1])
    ),
    "threads": lambda run, drawn: ThreadKey(CHANNEL, NativeId(f"n{drawn[0]}"), _conversation(drawn[1])),
    "entries": lambda run, drawn: make_entry(_conversation(drawn[0]), run.length(drawn[0]) + drawn[1]),
    "texts": lambda run, drawn: make_text(*drawn),
    "loads": _make_load,
    "holds": _make_hold,
    "effects": _make_effect,
    "cancelled": lambda run, drawn: _conversation(drawn),
    "armed": lambda run, drawn: Timer(Code(f"k{drawn[0]}"), moment(drawn[1])),
    "disarmed": lambda run, drawn: Code(f"k{drawn}"),
    "inbox": _accept,
    "outcomes": lambda run, drawn: make_outcome(drawn),
    "consumed": lambda run, drawn: run._lease(drawn),
}

WANTS: tuple[Want, ...] = (
    *(WantConversation(_conversation(n)) for n in range(FEW)),
    *(WantRequest(RequestId(f"r_{n:04}")) for n in range(FEW)),
    *(WantLane(CHANNEL, ProfileId(f"p_{n:04}")) for n in range(FEW)),
    *(WantMessage(CHANNEL, NativeId(f"n{n}")) for n in range(10)),
    *(WantThread(CHANNEL, (NativeId(f"n{n}"), NativeId(f"n{n + 1}"))) for n in range(9)),
    *(WantOutcome(make_outcome(n)[0]) for n in range(10)),
    *(WantNeighbours(CHANNEL, PROFILE, moment(n), make_message(4).id) for n in (0, 10, 20, 40)),
    WantLastOpen(CHANNEL),
    *(WantPool(AGENTS, below, 2, order) for below in (None, 1, 3) for order in ("load", "chosen")),
    *(WantRecord(NOTE, _note(n)) for n in range(FEW)),
    *(
        WantRecords(NOTE, "conversation", _conversation(n), top, newest_first)
        for n in range(FEW)
        for top, newest_first in ((9, False), (2, True))
    ),
    *(WantWaiting(queue, 5) for queue in QUEUES),
)


TEXTS = [make_text(number).ref.id for number in range(FEW)]


class AgreementLaws(StoreLaws):
    """The store in memory is the reference."""

    def test_it_agrees_with_the_store_in_memory(self, store: Store) -> None:
        from ...plugins.memory import MemoryStore

        workspaces = count(1)

        def law(steps: list[tuple[str, Any]]) -> None:
            workspace = Workspace(f"w{next(workspaces)}")
            runs = Run(store, workspace), Run(MemoryStore(), workspace)
            for step in (BEGINNING, *steps):
                found, expected = (run.do(step) for run in runs)
                assert found == expected, step
                shown, meant = (
                    (
                        picture(run.store, workspace),
                        run.store.recall(workspace, WANTS),
                        run.store.texts(workspace, TEXTS, Audience.INTERNAL),
                        items(run.store, Texts(owners=(Code(PROFILE),)), workspace),
                    )
                    for run in runs
                )
                assert shown == meant, step

        for_any(doings, law, examples=50)
