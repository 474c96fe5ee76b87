"""Four workers and four writers on one PostgreSQL, killed one after another; then the histories are asked.

    python examples/survive_kills.py "host=/run/postgresql dbname=scratch" --seconds 60

Uses the schemas ``reqflow`` and ``survival`` of that database, which must be new. Every second one of the eight
processes gets SIGKILL and another takes its place. Writers bring customers' messages, half of them through the inbox,
and colleagues' answers; whatever was not acknowledged to them they bring again. Workers deliver to a receiver that
writes down every copy. At the end nothing may be lost, doubled or out of order.
"""

import argparse
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg
from attrs import evolve

import reqflow as rf
from reqflow.errors import StoreError
from reqflow.plugins.postgres import PostgresStore
from reqflow.ports import Receipt, ReceiptKind
from reqflow.worker import Worker

WORKERS, WRITERS, CUSTOMERS = 4, 4, 10
LETTERS = 6
"""How many messages a customer writes before the request is closed and another one begins."""
LATER = timedelta(minutes=5)

SETTINGS = {
    "agents": {name: {"teams": ["desk"], "capacity": 40, "role": "admin"} for name in ("ana", "bo", "cy")},
    "queues": {"front": {"teams": ["desk"], "policy": "fewest_open"}},
    "channels": {"shop:*": {"kind": "chat", "detection": "always", "queue": "front"}},
}
TABLES = """
CREATE SCHEMA survival;
CREATE TABLE survival.sent (writer int, place bigint, native text PRIMARY KEY, UNIQUE (writer, place));
CREATE TABLE survival.received (number bigserial PRIMARY KEY, key text, destination text);
CREATE TABLE survival.over (said boolean);
"""


class Receiver:
    """The outside: keeps every copy of what it is brought, in the order of arrival."""

    scheme = "shop"

    def __init__(self, connection):
        self.connection = connection

    def deliver(self, key, effect, texts):
        row = (key, getattr(effect, "channel_id", ""))
        self.connection.execute("INSERT INTO survival.received (key, destination) VALUES (%s, %s)", row)
        return Receipt(kind=ReceiptKind.DELIVERED, native=key)


class Outside:
    """What a process is given: a connection of its own and an engine."""

    def __init__(self, dsn):
        self.connection = psycopg.connect(dsn, autocommit=True)
        plugin = type("Brings", (), {})()
        receiver = Receiver(self.connection)
        plugin.reqflow_transports = rf.hookimpl(lambda: [receiver])
        self.engine = rf.Engine(PostgresStore(dsn), SETTINGS, plugins=[plugin])

    def is_over(self):
        return self.connection.execute("SELECT 1 FROM survival.over").fetchone() is not None


def work(dsn):
    """A worker: serves inbox, agenda and outbox until it is told to stop, or killed."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Worker(Outside(dsn).engine, poll=0.05).run(stop)


def write(dsn, writer):
    """A writer: goes on after what was acknowledged last, so what came just before a kill comes again."""
    outside = Outside(dsn)
    found = outside.connection.execute(
        "SELECT coalesce(max(place) + 1, 0) FROM survival.sent WHERE writer = %s", [writer]
    ).fetchone()
    place = found[0]
    while not outside.is_over():
        customer, letter = place % CUSTOMERS, place // CUSTOMERS
        native = bring(outside.engine, f"{writer}-{customer}", letter)
        outside.connection.execute("INSERT INTO survival.sent VALUES (%s, %s, %s)", [writer, place, native])
        place += 1


def bring(engine, customer, letter):
    """One message, through the inbox or at once; at once it is also answered, and in the end closed."""
    first = f"{customer}.{letter - letter % LETTERS}"
    native = f"{customer}.{letter}"
    inbound = rf.Inbound(
        channel=f"shop:{customer}",
        author=f"shop:{customer}",
        native=native,
        sent_at=datetime.now(UTC),
        text=f"This is message {letter}.",
        replies_to=() if native == first else (first,),
    )
    while True:
        try:
            if int(customer[-1]) % 2:
                engine.accept(inbound)
                return native
            placed = engine.handle(inbound)
            ana = rf.agent("ana")
            chat = placed.conversation_id
            engine.handle(rf.Reply(by=ana, conversation_id=chat, text="We look.", key=f"reply {native}"))
            if letter % LETTERS == LETTERS - 1:
                engine.handle(rf.Close(by=ana, request_id=placed.request_id, key=f"close {native}"))
        except StoreError:  # nobody knows whether it was stored: the same again is always right
            time.sleep(0.05)
        else:
            return native


def start(kind, dsn, *more):
    return subprocess.Popen([sys.executable, __file__, dsn, "--as", kind, *more])


def kill_around(dsn, seconds, every):
    """Let them work, and kill one of them ``every`` so many seconds; returns how often each kind was killed."""
    jobs = [("worker",)] * WORKERS + [("writer", "--writer", str(each)) for each in range(WRITERS)]
    running = [start(job[0], dsn, *job[1:]) for job in jobs]
    killed = Counter()
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            time.sleep(every)
            at = random.randrange(len(jobs))
            running[at].kill()
            running[at].wait()
            killed[jobs[at][0]] += 1
            running[at] = start(jobs[at][0], dsn, *jobs[at][1:])
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("INSERT INTO survival.over VALUES (true)")
        for process in running[WORKERS:]:
            process.wait(60)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)
    return killed


def all_of(engine, view):
    """Everything that a view shows, page by page."""
    while True:
        page = engine.read(view)
        yield from page.items
        if page.next is None:
            return
        view = evolve(view, after=page.next)


def prove(engine, acknowledged, received):
    """Every claim with how much was looked at and how much of it failed; ``received`` are keys and destinations."""
    placed, torn = Counter(), 0
    conversations = list(all_of(engine, rf.Conversations(limit=500)))
    for conversation in conversations:
        told = [
            int(event.message.native.rpartition(".")[2])
            for entry in engine.history(conversation.id)
            for event in entry.events
            if event.tag == "message.received"
        ]
        torn += told != sorted(told)
        placed.update(f"{conversation.channel_id.partition(':')[2]}.{letter}" for letter in told)
    effects = [
        each for each in all_of(engine, rf.Effects(limit=500)) if each.queued.destination[:5] == "shop:"
    ]
    queued = defaultdict(list)
    for each in effects:
        queued[each.queued.destination].append(each.queued.id)
    arrived = defaultdict(dict)
    for key, destination in received:
        arrived[destination].setdefault(key)
    keys = {each.queued.id for each in effects}
    loads = Counter(
        r.assignee for r in all_of(engine, rf.Requests(limit=500, states=("assigned", "on_hold")))
    )
    return [
        ("acknowledged messages that are not in a history", len(acknowledged), len(acknowledged - set(placed))),
        ("messages that are in histories twice", len(placed), sum(1 for n in placed.values() if n > 1)),
        ("conversations with messages out of order", len(conversations), torn),
        ("rows that differ from what history says", len(conversations), len(engine.verify())),
        ("effects that never arrived", len(keys), len(keys - {key for key, _ in received})),
        ("arrivals that nobody decided", len(received), sum(key not in keys for key, _ in received)),
        ("destinations that got effects out of order", len(queued), sum(
            list(arrived[place]) != order for place, order in queued.items()
        )),
        ("agents whose load is not what they hold", len(loads), sum(
            each.load != loads[each.agent] for each in engine.loads()
        )),
    ]  # fmt: skip


def ended(dsn):
    """What the writers were told was stored, and what arrived outside, once all is served."""
    outside = Outside(dsn)
    while outside.engine.work(at=datetime.now(UTC) + LATER):  # what the last ones held is free again by then
        pass
    sent = outside.connection.execute("SELECT native FROM survival.sent").fetchall()
    came = outside.connection.execute("SELECT key, destination FROM survival.received ORDER BY number")
    return outside.engine, {native for (native,) in sent}, came.fetchall()


def shown(claims):
    """The claims as lines."""
    return [f"{failed:>6} of {looked:>7,}  {what}" for what, looked, failed in claims]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dsn")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--as", dest="kind", choices=("worker", "writer"), help=argparse.SUPPRESS)
    parser.add_argument("--writer", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.kind == "worker":
        return work(given.dsn)
    if given.kind == "writer":
        return write(given.dsn, given.writer)
    PostgresStore(given.dsn).migrate()
    with psycopg.connect(given.dsn, autocommit=True) as connection:
        connection.execute(TABLES)
    Outside(given.dsn)  # the desk is there before anybody works on it
    killed = kill_around(given.dsn, given.seconds, given.every)
    engine, acknowledged, received = ended(given.dsn)
    claims = prove(engine, acknowledged, received)
    print(f"killed: {killed['worker']} workers and {killed['writer']} writers in {given.seconds:.0f} seconds")
    print(*shown(claims), sep="\n")
    again = len(received) - len({key for key, _ in received})
    print(f"{again:>6} further copies of effects arrived, under keys that tell them")
    return any(failed for _, _, failed in claims)


if __name__ == "__main__":
    sys.exit(main())
