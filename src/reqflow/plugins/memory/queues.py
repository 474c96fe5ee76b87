"""The leased queues in memory: lines, whose items wait in lanes, and the agenda of timers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from operator import attrgetter

from ...core.effects import QueuedEffect
from ...core.queues import COUNTED
from ...ports import Backlog, EffectState, InboxItem, Lease, LeaseQueue, ParkedItem, Timer

__all__ = ["Agenda", "Alarm", "Line", "Task", "Waiting"]


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

    def count(self, *, tried: bool) -> None:
        """One more attempt, if it was tried; then what became of earlier owners does not matter any more."""
        if tried:
            self.attempts -= self.lost
            self.lost = 0
        else:
            self.attempts -= 1

    def start_anew(self) -> None:
        """Forget how often it was tried, and why in vain."""
        self.attempts = self.lost = 0
        self.note = None


def _backlog(
    queue: LeaseQueue, tasks: Sequence[Task], parked: int, since: datetime | None, now: datetime
) -> Backlog:
    """What there is to tell of a queue; ``since`` is when its oldest item began to wait."""
    leased = [task.is_leased(now) for task in tasks]
    return Backlog(
        queue=queue,
        waiting=len(tasks),
        leased=sum(leased),
        retried=sum(task.attempts > busy for task, busy in zip(tasks, leased, strict=True)),
        parked=min(parked, COUNTED),
        age=None if since is None else max((now - since).total_seconds(), 0.0),
    )


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
        self.known: dict[str, Waiting] = {}  # unfinished and parked items, by their ids, in their order
        self.parked: dict[str, Waiting] = {}
        self._tracks: dict[str, _Track] = {}
        self._heads: list[tuple[int, str]] = []  # a heap with one entry per lane: its first number

    def put(self, place: Waiting) -> None:
        """Let an item wait at the end of its lane."""
        self.known[place.id] = place
        self._stand(place)

    def keep(self, place: Waiting) -> None:
        """Put back an item that waited elsewhere, or was parked there."""
        if place.state is EffectState.PARKED:
            self.known[place.id] = self.parked[place.id] = place
        else:
            self.put(place)

    def _stand(self, place: Waiting) -> None:
        track = self._tracks.get(place.lane)
        if track is None:
            track = self._tracks[place.lane] = _Track()
            heappush(self._heads, (place.number, place.lane))
        track.places.append(place)

    def __len__(self) -> int:
        """How many items wait, those that somebody has included."""
        return len(self.known) - len(self.parked)

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
            self.drop(place)

    def drop(self, place: Waiting) -> None:
        """End an item that waits or is parked."""
        del self.known[place.id]
        if self.parked.pop(place.id, None) is None:
            self._end(place, EffectState.CANCELLED)
        else:
            place.state = EffectState.CANCELLED

    def park(self, lease: Lease) -> None:
        """Hand out a leased item no more; its id stays known."""
        place = self.parked[lease.id] = self.known[lease.id]
        self._end(place, EffectState.PARKED)

    def requeue(self, place: Waiting) -> None:
        """Let a parked item wait again, in its old place."""
        del self.parked[place.id]
        place.start_anew()
        place.state = EffectState.READY
        place.ready_at = None
        track = self._tracks.get(place.lane)
        if track is None:
            self._stand(place)
            return
        if place not in track.places:
            track.places = deque(sorted([*track.places, place], key=attrgetter("number")))
        self._heads = [entry for entry in self._heads if entry[1] != place.lane]
        self._heads.append((track.places[0].number, place.lane))
        heapify(self._heads)

    def all_parked(self) -> list[tuple[str, ParkedItem]]:
        """What is parked, each with its place, in order."""
        return [
            (
                str(place.number),
                ParkedItem(
                    queue=self.queue, id=place.id, item=place.item, attempts=place.attempts, note=place.note
                ),
            )
            for place in sorted(self.parked.values(), key=attrgetter("number"))
        ]

    def backlog(self, now: datetime) -> Backlog:
        """How much there is to do."""
        ready = (place for place in self.known.values() if place.state is EffectState.READY)
        waiting = list(islice(ready, COUNTED))
        since = _waits_since(waiting[0]) if waiting else None
        return _backlog(self.queue, waiting, len(self.parked), since, now)

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


def _waits_since(place: Waiting) -> datetime:
    item = place.item
    return item.accepted_at if isinstance(item, InboxItem) else item.queued_at


class Alarm(Task):
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
        self._alarms: dict[str, Alarm] = {}
        self._parked: set[str] = set()
        self._heap: list[tuple[datetime, str]] = []  # entries of the past stay until they surface

    def arm(self, timer: Timer) -> None:
        """Ask at that moment, or earlier if the key is armed for earlier.

        A leased one is asked again after its owner is done; a parked one starts anew.
        """
        alarm = self._alarms.get(timer.key)
        if alarm is None or alarm.parked:
            self._alarms[timer.key] = Alarm(timer.due_at)
            self._parked.discard(timer.key)
        elif alarm.lease_until is not None:
            if alarm.again_at is None or timer.due_at < alarm.again_at:
                alarm.again_at = timer.due_at
            return
        elif timer.due_at < alarm.due_at:
            alarm.due_at = timer.due_at
        else:
            return
        self._push(timer.due_at, timer.key)

    def all(self) -> list[tuple[str, Alarm]]:
        """All timers by key."""
        return sorted(self._alarms.items())

    def keep(self, key: str, alarm: Alarm) -> None:
        """Put back a timer that was armed elsewhere, or parked there."""
        self._alarms[key] = alarm
        if alarm.parked:
            self._parked.add(key)
        else:
            self._push(alarm.due_at, key)

    def disarm(self, key: str) -> None:
        """Forget the timer, leased or not."""
        self._alarms.pop(key, None)
        self._parked.discard(key)

    def held(self, lease: Lease) -> Alarm | None:
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
        """Ask a leased timer no more."""
        alarm = self._alarms[lease.id]
        alarm.parked = True
        self._parked.add(lease.id)
        alarm.lease_until = None

    def requeue(self, key: str) -> bool:
        """Let a parked timer be asked again; False if there is none."""
        if key not in self._parked:
            return False
        self._parked.remove(key)
        alarm = self._alarms[key]
        alarm.start_anew()
        alarm.parked = False
        self._free(key, alarm, alarm.due_at)
        return True

    def all_parked(self) -> list[tuple[str, ParkedItem]]:
        """What is parked, by key."""
        alarms = [(key, self._alarms[key]) for key in sorted(self._parked)]
        return [
            (
                key,
                ParkedItem(
                    queue=LeaseQueue.AGENDA,
                    id=key,
                    item=Timer(key, alarm.due_at),  # type: ignore[arg-type]  # keys are codes
                    attempts=alarm.attempts,
                    note=alarm.note,
                ),
            )
            for key, alarm in alarms
        ]

    def backlog(self, now: datetime) -> Backlog:
        """How much is due."""
        due = list(islice(self._due(now), COUNTED))
        since = min((alarm.due_at for alarm in due), default=None)
        return _backlog(LeaseQueue.AGENDA, due, len(self._parked), since, now)

    def _due(self, now: datetime) -> Iterator[Alarm]:
        """The timers that are due; of the heap no more than them is looked at."""
        heap, seen, ahead = self._heap, set[str](), [0]
        while ahead:
            place = ahead.pop()
            if place >= len(heap) or heap[place][0] > now:
                continue
            due_at, key = heap[place]
            ahead += (2 * place + 1, 2 * place + 2)
            alarm = self._alarms.get(key)
            if alarm is not None and alarm.due_at == due_at and not alarm.parked and key not in seen:
                seen.add(key)
                yield alarm

    def _free(self, key: str, alarm: Alarm, due_at: datetime) -> None:
        alarm.lease_until = alarm.again_at = None
        alarm.due_at = due_at
        self._push(due_at, key)

    def _push(self, due_at: datetime, key: str) -> None:
        if len(self._heap) > 64 + 2 * len(self._alarms):
            self._heap = [(alarm.due_at, k) for k, alarm in self._alarms.items() if not alarm.parked]
            heapify(self._heap)
        else:
            heappush(self._heap, (due_at, key))

    def _top(self) -> tuple[datetime, str, Alarm] | None:
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
