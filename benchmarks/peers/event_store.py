"""The peer: the eventsourcing library. One aggregate is one request; its events are the history.

Each operation loads the aggregate, calls it and saves it: one transaction. That writes one row, the event
with the message in it, where reqflow also keeps current state, texts, timers and effects.
"""

from __future__ import annotations

from typing import Any

from workload import AGENT, DONE, FIRST, MORE, OPENING, WARM_UP, Missing, Plan, check, timed

__all__ = ["CASES"]


def _application(environment: dict[str, str]) -> Any:
    try:
        from eventsourcing.application import Application
    except ImportError:
        raise Missing("eventsourcing is not installed (dependency group 'peers')") from None
    try:
        return Application(env=environment)
    except ImportError as problem:
        raise Missing(f"eventsourcing cannot use this database: {problem}") from None


def _ticket() -> Any:
    """The aggregate; made late, because its class comes from the library."""
    from eventsourcing.domain import Aggregate, event

    class Ticket(Aggregate):
        @event("Opened")
        def __init__(self, author: str, text: str) -> None:
            self.state = "open"
            self.assignee: str | None = None
            self.messages = [(author, text)]

        @event("Answered")
        def answer(self, author: str, text: str) -> None:
            self.state = "pending"
            self.assignee = self.assignee or author
            self.messages.append((author, text))

        @event("Asked")
        def ask(self, author: str, text: str) -> None:
            self.state = "active"
            self.messages.append((author, text))

        @event("Closed")
        def close(self, by: str) -> None:
            self.state = "closed"

    Ticket.__qualname__ = "Ticket"  # stored events name their class, which is looked for in this module
    globals()["Ticket"] = Ticket
    for name in ("Opened", "Answered", "Asked", "Closed"):
        getattr(Ticket, name).__qualname__ = f"Ticket.{name}"
    return Ticket


def _measured(plan: Plan, environment: dict[str, str]) -> dict[str, float]:
    application = _application(environment)
    ticket = _ticket()
    get, save = application.repository.get, application.save
    ids: list[Any] = []

    def live(numbers: range) -> None:
        for number in numbers:
            author = f"U{number}"
            opened = ticket(author, OPENING)
            save(opened)
            id = opened.id
            ids.append(id)
            for what, given in (
                ("answer", (AGENT, FIRST)),
                ("ask", (author, MORE)),
                ("answer", (AGENT, DONE)),
                ("close", (AGENT,)),
            ):
                found = get(id)
                getattr(found, what)(*given)
                save(found)

    try:
        found = timed(plan, live)
        for id in (ids[0], ids[-1]):
            last = get(id)
            check((last.state, last.assignee) == ("closed", AGENT), "a ticket is not closed and assigned")
            check((len(last.messages), last.version) == (4, 5), "messages or events are missing")
        events = application.recorder.max_notification_id()
        check(events == 5 * (WARM_UP + plan.requests), f"{events} events")
    finally:
        application.close()
    return found


def _sqlite(plan: Plan) -> dict[str, float]:
    name = str(plan.folder / "peer.db")
    return _measured(plan, {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": name})


def _postgres(plan: Plan) -> dict[str, float]:
    try:
        import psycopg_pool  # noqa: F401  (without it eventsourcing says something else)
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as problem:
        raise Missing(f"eventsourcing needs psycopg and its pool: {problem}") from None
    given = conninfo_to_dict(plan.dsn)
    return _measured(
        plan,
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(given["dbname"]),
            "POSTGRES_HOST": str(given.get("host", "127.0.0.1")),
            "POSTGRES_PORT": str(given.get("port", "5432")),
            "POSTGRES_USER": str(given.get("user", "")),
            "POSTGRES_PASSWORD": str(given.get("password", "unused")),
        },
    )


def lifecycle(plan: Plan) -> dict[str, float]:
    """On whatever the plan is for."""
    if plan.store == "memory":
        return _measured(plan, {})
    return _sqlite(plan) if plan.store == "sqlite" else _postgres(plan)


CASES = {"lifecycle": lifecycle}
