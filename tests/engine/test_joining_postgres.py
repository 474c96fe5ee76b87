"""In a host's transaction on PostgreSQL: what others do meanwhile, and what stays of ours on the host's connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from reqflow import AsyncEngine, Engine, Take, agent
from reqflow.errors import Conflict, Duplicate, SchemaMismatch, StoreUnavailable, UnknownId, UsageError
from reqflow.ports import Requests
from reqflow.testing.desks import QuestionMark
from reqflow.testing.samples import make_batch, make_outcome

from .hosts import PostgresHost, says

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE = (
    psycopg.IsolationLevel.READ_COMMITTED,
    psycopg.IsolationLevel.REPEATABLE_READ,
    psycopg.IsolationLevel.SERIALIZABLE,
)
ODD = {
    "timezone": "Australia/Lord_Howe",
    "datestyle": "German, DMY",
    "client_encoding": "LATIN1",
    "enable_seqscan": "on",
    "enable_hashjoin": "on",
    "plan_cache_mode": "force_custom_plan",
    "lock_timeout": "7s",
    "jit": "on",
}


@pytest.fixture
def host(postgres_host: PostgresHost) -> PostgresHost:
    return postgres_host


@pytest.fixture
def connection(host: PostgresHost) -> Iterator[Any]:
    with closing(host.connect()) as connection:
        yield connection


def settings_of(connection: Any) -> dict[str, str]:
    """All but those of languages, which are there once something is written in one."""
    found = connection.execute("SELECT name, setting FROM pg_settings WHERE strpos(name, '.') = 0")
    return dict(found.fetchall())


def shown(connection: Any) -> dict[str, str]:
    return {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ODD}


# --- others, meanwhile ---


class Interrupted:
    """A store in whose joined form somebody else commits something between the recall and the commit."""

    def __init__(self, inner: Any, meanwhile: Callable[[], object], times: int = 1) -> None:
        self._inner = inner
        self.left = times
        self.meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def joined(self, connection: Any) -> Any:
        return _Interrupted(self, self._inner.joined(connection))


class _Interrupted:
    def __init__(self, outer: Interrupted, inner: Any) -> None:
        self._outer = outer
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __enter__(self) -> Any:
        self._inner.__enter__()
        return self

    def __exit__(self, *how: Any) -> None:
        self._inner.__exit__(*how)

    def commit(self, batch: Any) -> None:
        if self._outer.left:
            self._outer.left -= 1
            self._outer.meanwhile()
        self._inner.commit(batch)


def interrupted(host: PostgresHost, meanwhile: Callable[[], object], times: int = 1) -> Any:
    store: Any = Interrupted(host.store, meanwhile, times)
    return Engine(store, workspace="desk", clock=host.clock, classifier=QuestionMark())


def test_when_another_one_commits_in_between_it_is_decided_anew(host: PostgresHost, connection: Any) -> None:
    others = iter(range(10, 20))
    engine = interrupted(
        host, lambda: host.engine.handle(says(str(next(others)), channel="dm:desk")), times=3
    )
    host.order(connection, 1)
    ready = engine.prepare(says("1", channel="dm:desk"))
    engine.joined(connection).apply(ready)
    connection.commit()
    assert len(host.engine.read(Requests()).items) == 1  # it joined what the other one began
    assert sorted(host.messages()) == ["1", "10", "11", "12"]
    assert host.engine.verify() == []


def test_when_another_one_stores_the_same_message_its_outcome_is_the_answer(
    host: PostgresHost, connection: Any
) -> None:
    engine = interrupted(host, lambda: host.engine.handle(says("1")))
    outcome = engine.joined(connection).apply(engine.prepare(says("1")))
    connection.commit()
    assert outcome.duplicate and host.messages() == ["1"]


@pytest.mark.parametrize("level", [REPEATABLE_READ, SERIALIZABLE])
@pytest.mark.parametrize("other", ["1", "2"], ids=["the same", "a neighbour"])
def test_where_the_transaction_cannot_see_it_the_conflict_is_final(
    host: PostgresHost, connection: Any, level: Any, other: str
) -> None:
    connection.isolation_level = level
    engine = interrupted(host, lambda: host.engine.handle(says(other, channel="dm:desk")))
    ready = engine.prepare(says("1", channel="dm:desk"))
    with pytest.raises(Conflict, match="roll this transaction back and try again") as told:
        engine.joined(connection).apply(ready)
    assert told.value.final and engine.store.left == 0
    assert connection.execute("SELECT 1").fetchone() == (1,)  # usable, though of no use
    connection.rollback()
    assert engine.joined(connection).apply(ready).duplicate == (other == "1")
    connection.commit()
    assert host.messages() == sorted({"1", other})


@pytest.mark.parametrize("level", [READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE])
def test_the_isolation_that_the_host_has_chosen_is_begun(
    host: PostgresHost, connection: Any, level: Any
) -> None:
    connection.isolation_level = level
    host.apply(connection, says("1"))
    (told,) = connection.execute("SHOW transaction_isolation").fetchone()
    assert told == level.name.lower().replace("_", " ")
    connection.rollback()
    assert host.messages() == []


def hold_the_lane(connection: Any) -> None:
    connection.execute("SELECT FROM reqflow.lanes FOR UPDATE")


def test_who_waits_too_long_for_a_lock_is_told_and_goes_on(host: PostgresHost, connection: Any) -> None:
    host.engine.handle(says("1", channel="dm:desk"))
    ready = host.engine.prepare(says("2", channel="dm:desk"))
    host.order(connection, 1)
    connection.execute("SET LOCAL lock_timeout = '30ms'")
    with closing(host.connect()) as other:
        hold_the_lane(other)
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            host.engine.joined(connection).apply(ready)
        other.rollback()
    host.engine.joined(connection).apply(ready)
    connection.commit()
    assert host.orders() == [1] and host.messages() == ["1", "2"]


def test_a_deadlock_with_the_hosts_own_locks_is_final(host: PostgresHost, connection: Any) -> None:
    with host.transaction() as before:
        host.order(before, 1)
    host.engine.handle(says("1", channel="dm:desk"))
    ready = host.engine.prepare(says("2", channel="dm:desk"))
    connection.execute("SET deadlock_timeout = '20ms'")
    connection.execute("SELECT FROM orders FOR UPDATE")
    with closing(host.connect()) as other:
        hold_the_lane(other)
        crossing = threading.Thread(target=lambda: other.execute("SELECT FROM orders FOR UPDATE"))
        crossing.start()
        wait_until_blocked(host)
        with pytest.raises(Conflict, match="in another writer's way") as told:
            host.engine.joined(connection).apply(ready)
        assert told.value.final
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.rollback()
        crossing.join()
        other.rollback()


def wait_until_blocked(host: PostgresHost) -> None:
    with closing(host.connect(autocommit=True)) as watching:
        for _ in range(1000):
            (waiting,) = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            ).fetchone()
            if waiting:
                return
            watching.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("when", ["during", "after"])
def test_a_lost_connection_leaves_nothing(host: PostgresHost, connection: Any, when: str) -> None:
    pid = connection.info.backend_pid

    def kill() -> None:
        with closing(host.connect(autocommit=True)) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    engine = interrupted(host, kill) if when == "during" else host.engine
    ready = engine.prepare(says("1"))
    host.order(connection, 1)
    if when == "during":
        with pytest.raises(StoreUnavailable, match="and your transaction with it"):
            engine.joined(connection).apply(ready)
    else:
        engine.joined(connection).apply(ready)
        kill()
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
    assert host.orders() == [] and host.messages() == []
    with pytest.raises(UsageError, match="closed"):
        engine.joined(connection).apply(ready)


# --- what stays on the connection ---


@pytest.mark.parametrize("local", [True, False], ids=["of the transaction", "of the session"])
def test_settings_are_as_the_host_had_them_afterwards(
    host: PostgresHost, connection: Any, local: bool
) -> None:
    fresh = settings_of(connection)
    connection.rollback()
    for name, content in ODD.items():
        connection.execute(f"SELECT set_config('{name}', '{content}', {local})")
    odd, before = shown(connection), settings_of(connection)
    host.apply(connection, says("1"))
    assert shown(connection) == odd and settings_of(connection) == before
    with pytest.raises(UnknownId):
        host.apply(connection, Take(by=agent("ana"), request_id="r_nowhere"))
    assert settings_of(connection) == before
    connection.commit()
    assert settings_of(connection) == (fresh if local else before)


@pytest.mark.parametrize("after", ["the first look", "a failure"])
def test_our_statements_run_under_our_settings(host: PostgresHost, connection: Any, after: str) -> None:
    for name, content in ODD.items():
        connection.execute(f"SET {name} = '{content}'")
    connection.commit()
    joined = host.store.joined(connection)
    with joined:
        if after == "a failure":
            joined.commit(make_batch(outcomes=(make_outcome(1),)))
            with pytest.raises(Duplicate):
                joined.commit(make_batch(outcomes=(make_outcome(1),)))
        inside: dict[str, Any] = {}
        for name in ODD:
            result = connection.pgconn.exec_(f"SHOW {name}".encode())
            inside[name] = result.get_value(0, 0).decode()
    assert inside == {
        "timezone": "UTC",
        "datestyle": "ISO, DMY",
        "client_encoding": "UTF8",
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "plan_cache_mode": "force_generic_plan",
        "lock_timeout": "7s",  # how long to wait is up to the host
        "jit": "off",
    }
    connection.rollback()


def test_whatever_is_written_arrives_through_a_connection_of_another_encoding(
    host: PostgresHost, connection: Any
) -> None:
    connection.execute("SET client_encoding = 'LATIN1'")
    asked = host.apply(connection, says("1", "Où est-il? 你好"))
    connection.commit()
    (message,) = host.engine.read(Requests()).items
    assert "Où est-il? 你好" in host.engine.texts(message).values()
    assert asked.request_id == message.id


def prepared_on(connection: Any) -> set[str]:
    found = connection.execute("SELECT name FROM pg_prepared_statements", prepare=False).fetchall()
    return {name for (name,) in found}


def test_the_hosts_own_prepared_statements_stay(host: PostgresHost, connection: Any) -> None:
    for _ in range(2):
        connection.execute("SELECT count(*) FROM orders", prepare=True)
    theirs = prepared_on(connection)
    host.apply(connection, says("1"))
    both = prepared_on(connection)
    assert theirs < both
    assert all(name.startswith("reqflow_") for name in both - theirs)
    host.apply(connection, says("2"))
    assert theirs < prepared_on(connection)
    connection.commit()


def test_a_host_that_forgets_all_prepared_statements_is_no_trouble(
    host: PostgresHost, connection: Any
) -> None:
    """As poolers do between two users of a connection; a schema that changes makes them useless, too."""
    for number in range(6):
        host.apply(connection, says(str(number), who=f"c{number}"))
        if number % 2:
            connection.execute("DEALLOCATE ALL")
        else:
            with closing(host.connect(autocommit=True)) as other:
                connection.commit()
                other.execute("ALTER TABLE reqflow.outcomes ADD COLUMN more text")
                other.execute("ALTER TABLE reqflow.outcomes DROP COLUMN more")
    connection.commit()
    assert len(host.messages()) == 6


def test_two_stores_share_what_is_prepared_on_a_connection(host: PostgresHost, connection: Any) -> None:
    from reqflow.plugins.postgres import PostgresStore

    host.apply(connection, says("1"))
    with closing(PostgresStore(host.dsn)) as twin:
        engine = Engine(twin, workspace="desk", clock=host.clock, classifier=QuestionMark())
        host.apply(connection, says("2"), engine)
    connection.commit()
    assert len(host.messages()) == 2


def test_nothing_is_prepared_where_the_host_prepares_nothing(host: PostgresHost) -> None:
    """As Django has it by default, and whoever is behind a pooler of transactions."""
    with closing(host.connect(prepare_threshold=None)) as connection:
        host.apply(connection, says("1"))
        assert prepared_on(connection) == set()
        connection.commit()
    assert host.messages() == ["1"]


# --- what is no transaction to join ---


def test_a_connection_in_autocommit_is_told_to_open_a_transaction(host: PostgresHost) -> None:
    with closing(host.connect(autocommit=True)) as connection:
        with pytest.raises(UsageError, match=r"in autocommit .* `connection.transaction\(\)`"):
            host.apply(connection, says("1"))
        with connection.transaction():
            host.apply(connection, says("1"))
    assert host.messages() == ["1"]


def test_a_block_within_the_transaction_may_be_rolled_back_alone(host: PostgresHost, connection: Any) -> None:
    with connection.transaction():
        with connection.transaction(force_rollback=True):
            host.apply(connection, says("1"))
        host.apply(connection, says("2"))
    assert host.messages() == ["2"]


def test_a_transaction_that_has_failed_is_refused(host: PostgresHost, connection: Any) -> None:
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT 1/0")
    with pytest.raises(UsageError, match="can only be rolled back"):
        host.apply(connection, says("1"))


def test_a_transaction_that_may_not_write_is_refused(host: PostgresHost, connection: Any) -> None:
    connection.read_only = True
    with pytest.raises(UsageError, match="read-only"):
        host.apply(connection, says("1"))
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_is_busy_is_refused(host: PostgresHost, connection: Any) -> None:
    ready = host.engine.prepare(says("1"))
    with connection.pipeline(), pytest.raises(UsageError, match="pipeline"):
        host.engine.joined(connection).apply(ready)
    rows = connection.cursor().stream("SELECT generate_series(1, 9)")
    next(rows)
    with pytest.raises(UsageError, match="still running"):
        host.engine.joined(connection).apply(ready)
    rows.close()


def test_only_a_connection_to_the_stores_database_will_do(
    host: PostgresHost, new_dsn: Callable[..., str]
) -> None:
    ready = host.engine.prepare(says("1"))
    with psycopg.connect(new_dsn()) as connection:
        with pytest.raises(UsageError, match="another database"):
            host.engine.joined(connection).apply(ready)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with psycopg.connect(new_dsn(empty=True)) as connection:
        with pytest.raises(SchemaMismatch, match=r"holds no reqflow schema: run migrate\(\)"):
            host.engine.joined(connection).apply(ready)
        assert connection.execute("SELECT 1").fetchone() == (1,)


# --- awaited ---


def test_an_async_connection_will_do_for_the_awaited_engine(host: PostgresHost) -> None:
    async def story() -> None:
        engine = host.engine_for(AsyncEngine)
        ready = await engine.prepare(says("1"))
        async with await psycopg.AsyncConnection.connect(host.dsn) as connection:
            await connection.execute("INSERT INTO orders VALUES (1)")
            await engine.joined(connection).apply(ready)
            await connection.rollback()
            assert host.orders() == [] and host.messages() == []
            await engine.joined(connection).apply(ready)  # begins the transaction
            await connection.execute("INSERT INTO orders VALUES (2)")
        assert host.orders() == [2] and host.messages() == ["1"]

    asyncio.run(story())
