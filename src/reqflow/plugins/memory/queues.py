"""The leased queues in memory: lines, whose items wait in lanes, and the agenda of timers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush

from ...core.effects import QueuedEffect
from ...ports import EffectState, InboxItem, Lease, LeaseQueue, Timer

__all__ = ["Agenda", "Line", "Task", "Waiting"]


class Task:
    """What a leased item of any queue has: whose it is, until when, and how often it was tried."""

    __slots__ = ("attempts", "fence", "lease_until", "lost", "note")

    def __init__(self) -> None:
        self.fence = 0
        self.attempts = 0
        self.lost = 0
        self.lease_until: datetime | None = None
        self.note: str | None = None

    def claim(self, fence: int, until: datetime) -> None:
        """Give it to a new owner; ``fence`` is greater than that of any owner before."""
        self.fence = fence
        self.attempts += 1
        self.lost += self.lease_until is not None
        self.lease_until = until

    def belongs_to(self, lease: Lease) -> bool:
        """True while nobody else has it and it was not given back."""
        return self.lease_until is not None and self.fence == lease.fence

    def is_leased(self, now: datetime) -> bool:
        """True while its owner's time runs."""
        return self.lease_until is not None and self.lease_until > now


class Waiting(Task):
    """A place in a line. ``number`` counts all that ever waited; those of one ``lane`` keep their order."""

    __slots__ = ("id", "item", "lane", "number", "ready_at", "state")

    def __init__(self, number: int, id: str, lane: str, item: InboxItem | QueuedEffect) -> None:
        super().__init__()
        self.number = number
        self.id = id
        self.lane = lane
        self.item = item
        self.ready_at: datetime | None = None
        self.state = EffectState.READY


class _Track:
    """The items of one lane in order, and those of them that somebody has."""

    __slots__ = ("leased", "places")

    def __init__(self) -> None:
        self.places: deque[Waiting] = deque()
        self.leased: set[Waiting] = set()

    def head(self) -> Waiting | None:
        """The first unfinished item; finished ones before it are dropped on the way."""
        places = self.places
        while places and places[0].state is not EffectState.READY:
            places.popleft()
        return places[0] if places else None


class Line:
    """Items that are handed out oldest first, those of one lane in order and never to two owners at once."""

    def __init__(self, queue: LeaseQueue) -> None:
        self.queue = queue
        self.known: dict[str, Waiting] = {}  # unfinished and parked items, by their ids
        self._tracks: dict[str, _Track] = {}
        self._heads: list[tuple[int, str]] = []  # a heap with one entry per lane: its first number

    def put(self, place: Waiting) -> None:
        """Let an item wait at the end of its lane."""
        self.known[place.id] = place
        track = self._tracks.get(place.lane)
        if track is None:
            track = self._tracks[place.lane] = _Track()
            heappush(self._heads, (place.number, place.lane))
        track.places.append(place)

    def held(self, lease: Lease) -> Waiting | None:
        """The item, if the lease still holds."""
        place = self.known.get(lease.id)
        return place if place is not None and place.belongs_to(lease) else None

    def finish(self, lease: Lease) -> None:
        """End a leased item."""
        self._end(self.known.pop(lease.id), EffectState.DONE)

    def cancel(self, place: Waiting, now: datetime) -> None:
        """End an item that nobody has at present."""
        if place.state is EffectState.READY and not place.is_leased(now):
            del self.known[place.id]
            self._end(place, EffectState.CANCELLED)

    def park(self, lease: Lease) -> None:
        """Never hand out a leased item again; its id stays known."""
        self._end(self.known[lease.id], EffectState.PARKED)

    def free(self, lease: Lease, ready_at: datetime) -> None:
        """Give a leased item back, to be handed out from ``ready_at`` on."""
        place = self.known[lease.id]
        place.lease_until = None
        place.ready_at = ready_at
        self._tracks[place.lane].leased.discard(place)

    def _end(self, place: Waiting, state: EffectState) -> None:
        place.state = state
        place.lease_until = None
        self._tracks[place.lane].leased.discard(place)

    def claim(self, now: datetime, until: datetime, limit: int, fence: int) -> list[Lease]:
        """Hand out the oldest items of lanes that nobody works on."""
        found: list[Lease] = []
        seen: list[str] = []
        following: list[tuple[int, Waiting, Iterator[Waiting]]] = []  # heap, in lanes opened here
        while len(found) < limit and (following or self._heads):
            if following and not (self._heads and self._heads[0] < following[0][:1]):
                _, place, rest = heappop(following)
            else:
                opened = self._open(heappop(self._heads), seen, now)
                if opened is None:
                    continue
                place, rest = opened
            if place.ready_at is not None and place.ready_at > now:
                continue  # what comes after it in the lane waits, too
            found.append(self._lease(place, fence, until))
            for after in rest:
                if after.state is EffectState.READY:
                    heappush(following, (after.number, after, rest))
                    break
        for lane in seen:
            self._close(lane)
        return found

    def _open(
        self, entry: tuple[int, str], seen: list[str], now: datetime
    ) -> tuple[Waiting, Iterator[Waiting]] | None:
        """The first item of a lane and those after it, unless somebody works on the lane."""
        number, lane = entry
        track = self._tracks[lane]
        head = track.head()
        if head is not None and head.number > number:  # the entry was made for one finished since
            heappush(self._heads, (head.number, lane))
            return None
        seen.append(lane)
        if head is None or any(place.is_leased(now) for place in track.leased):
            return None
        rest = iter(track.places)
        return next(rest), rest

    def _close(self, lane: str) -> None:
        head = self._tracks[lane].head()
        if head is None:
            del self._tracks[lane]
        else:
            heappush(self._heads, (head.number, lane))

    def _lease(self, place: Waiting, fence: int, until: datetime) -> Lease:
        place.claim(fence, until)
        self._tracks[place.lane].leased.add(place)
        return Lease(
            queue=self.queue,
            id=place.id,
            fence=fence,
            attempts=place.attempts,
            item=place.item,
            lost=place.lost,
        )


class _Alarm(Task):
    """One timer. ``again_at`` is what it was armed for while somebody had it."""

    __slots__ = ("again_at", "due_at", "parked")

    def __init__(self, due_at: datetime) -> None:
        super().__init__()
        self.due_at = due_at
        self.again_at: datetime | None = None
        self.parked = False


class Agenda:
    """Timers by key, handed out when they are due, in the order of their moments."""

    def __init__(self) -> None:
        self._alarms: dict[str, _Alarm] = {}
        self._heap: list[tuple[datetime, str]] = []  # entries of the past stay until they surface

    def arm(self, timer: Timer) -> None:
        """Ask at that moment, or earlier if the key is armed for earlier.

        A leased one is asked again after its owner is done; a parked one starts anew.
        """
        alarm = self._alarms.get(timer.key)
        if alarm is None or alarm.parked:
            self._alarms[timer.key] = _Alarm(timer.due_at)
        elif alarm.lease_until is not None:
            if alarm.again_at is None or timer.due_at < alarm.again_at:
                alarm.again_at = timer.due_at
            return
        elif timer.due_at < alarm.due_at:
            alarm.due_at = timer.due_at
        else:
            return
        self._push(timer.due_at, timer.key)

    def disarm(self, key: str) -> None:
        """Forget the timer, leased or not."""
        self._alarms.pop(key, None)

    def held(self, lease: Lease) -> _Alarm | None:
        """The timer, if the lease still holds."""
        alarm = self._alarms.get(lease.id)
        return alarm if alarm is not None and alarm.belongs_to(lease) else None

    def finish(self, lease: Lease) -> None:
        """End a leased timer, unless it was armed again meanwhile: then that moment comes."""
        alarm = self._alarms[lease.id]
        if alarm.again_at is None:
            del self._alarms[lease.id]
        else:
            alarm.attempts = alarm.lost = 0  # that is another question
            self._free(lease.id, alarm, alarm.again_at)

    def free(self, lease: Lease, ready_at: datetime) -> None:
        """Give a leased timer back, to be asked from ``ready_at`` on."""
        alarm = self._alarms[lease.id]
        again_at = alarm.again_at
        self._free(lease.id, alarm, ready_at if again_at is None else min(ready_at, again_at))

    def park(self, lease: Lease) -> None:
        """Never ask a leased timer again."""
        alarm = self._alarms[lease.id]
        alarm.parked = True
        alarm.lease_until = None

    def _free(self, key: str, alarm: _Alarm, due_at: datetime) -> None:
        alarm.lease_until = alarm.again_at = None
        alarm.due_at = due_at
        self._push(due_at, key)

    def _push(self, due_at: datetime, key: str) -> None:
        if len(self._heap) > 64 + 2 * len(self._alarms):
            self._heap = [(alarm.due_at, k) for k, alarm in self._alarms.items() if not alarm.parked]
            heapify(self._heap)
        else:
            heappush(self._heap, (due_at, key))

    def _top(self) -> tuple[datetime, str, _Alarm] | None:
        """The earliest entry that still stands."""
        heap = self._heap
        while heap:
            due_at, key = heap[0]
            alarm = self._alarms.get(key)
            if alarm is not None and alarm.due_at == due_at and not alarm.parked:
                return due_at, key, alarm
            heappop(heap)
        return None

    def next_due(self) -> datetime | None:
        """The earliest moment, leased or not."""
        top = self._top()
        return top and top[0]

    def claim(self, now: datetime, until: datetime, limit: int, fence: int) -> list[Lease]:
        """Hand out what is due and free, earliest first."""
        found: list[Lease] = []
        seen: set[str] = set()
        while len(found) < limit and (top := self._top()) and top[0] <= now:
            due_at, key, alarm = top
            heappop(self._heap)
            if key in seen:  # a second entry for the same moment
                continue
            seen.add(key)
            if not alarm.is_leased(now):
                alarm.claim(fence, until)
                alarm.again_at = None  # whoever asks now sees what that was armed for
                found.append(
                    Lease(
                        queue=LeaseQueue.AGENDA,
                        id=key,
                        fence=fence,
                        attempts=alarm.attempts,
                        item=Timer(key, due_at),  # type: ignore[arg-type]  # keys are codes
                        lost=alarm.lost,
                    )
                )
        for key in seen:
            heappush(self._heap, (self._alarms[key].due_at, key))
        return found
