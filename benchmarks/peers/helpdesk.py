"""The peer: django-helpdesk, without a web server, through its own functions.

A customer's message comes in as a mail would, through ``create_object_from_email_message``; an agent answers and
closes through ``update_ticket``. Follow-ups and ticket changes are its history. Each operation starts from the
stored ticket and is one durable transaction. No mail is sent: where mails are made, Django's own backend for
trials throws them away; ``quiet`` has no templates to make them from.
"""

from __future__ import annotations

import logging
from email.message import EmailMessage
from typing import Any

from workload import AGENT, DONE, FIRST, MORE, OPENING, Missing, Plan, check, timed

__all__ = ["CASES", "urlpatterns"]

WARM_UP = 5
"""It has no code to generate, and its operations are slow: fewer are enough."""
CUSTOMER = "customer@customers.example"
SUBJECT = "Printer on the third floor"
SQLITE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.humanize",
    "django.contrib.messages",
    "rest_framework",
    "helpdesk",
)

urlpatterns: list[Any] = []  # this module is the site; helpdesk puts addresses of its pages into mails


def _set_up(database: dict[str, Any]) -> None:
    """A site of nothing but helpdesk and what it needs, its tables made."""
    try:
        import django
        import helpdesk
    except ImportError as problem:
        raise Missing(f"django-helpdesk is not installed (dependency group 'peers'): {problem}") from None
    from django.conf import settings
    from django.core.management import call_command
    from django.urls import include, path

    logging.disable(logging.CRITICAL)
    settings.configure(
        SECRET_KEY="for measuring only",
        USE_TZ=True,
        SITE_ID=1,
        ROOT_URLCONF=__name__,
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        INSTALLED_APPS=APPS,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        HELPDESK_ENABLE_ATTACHMENTS=False,
        HELPDESK_TEAMS_MODE_ENABLED=False,
        LOGGING_CONFIG=None,
    )
    django.setup()
    urlpatterns.append(path("helpdesk/", include(f"{helpdesk.__name__}.urls", namespace="helpdesk")))
    call_command("migrate", verbosity=0, interactive=False)


class Site:
    """A queue and an agent, and the five operations for a ticket."""

    def __init__(self, *, quiet: bool) -> None:
        from django.contrib.auth import get_user_model
        from django.db import transaction
        from helpdesk import email, models, update_ticket

        if quiet:
            models.EmailTemplate.objects.all().delete()
        else:
            check(models.EmailTemplate.objects.exists(), "there are no templates to make mails from")
        self._models = models
        self._transaction = transaction.atomic
        self._take_in = email.create_object_from_email_message
        self._update = update_ticket.update_ticket
        self._log = logging.getLogger("helpdesk")
        self._queue = models.Queue.objects.create(
            title="Support", slug="support", email_address="support@desk.example"
        )
        self._agent = get_user_model().objects.create(
            username=AGENT, email="bob@desk.example", is_staff=True, is_active=True
        )

    def live(self, numbers: range) -> None:
        """Lead so many new tickets through their lives."""
        for _ in numbers:
            id = self._asked(None, OPENING)
            self._answered(id, FIRST)
            self._asked(id, MORE)
            self._answered(id, DONE)
            self._closed(id)

    def verify(self, total: int) -> None:
        """Every ticket closed and assigned, with its follow-ups and changes."""
        models = self._models
        closed = models.Ticket.objects.filter(status=models.Ticket.CLOSED_STATUS, assigned_to=self._agent)
        check(closed.count() == total, f"{closed.count()} tickets closed and assigned, not {total}")
        follow_ups = models.FollowUp.objects.count()
        check(follow_ups == 5 * total, f"{follow_ups} follow-ups, not {5 * total}")
        for field in ("Owner", "Status"):
            changes = models.TicketChange.objects.filter(field=field).count()
            check(changes >= total, f"{changes} changes of {field}, fewer than {total}")

    def _asked(self, id: int | None, body: str) -> int:
        mail = EmailMessage()
        mail["From"], mail["To"] = CUSTOMER, self._queue.email_address
        payload = {
            "queue": self._queue,
            "sender_email": CUSTOMER,
            "subject": SUBJECT,
            "body": body,
            "full_body": body,
            "priority": 3,
        }
        with self._transaction():
            return int(self._take_in(mail, id, payload, [], self._log).id)

    def _answered(self, id: int, comment: str) -> None:
        with self._transaction():
            ticket = self._models.Ticket.objects.get(id=id)
            given = {"owner": self._agent.id} if ticket.assigned_to_id is None else {}
            self._update(self._agent, ticket, comment=comment, public=True, **given)

    def _closed(self, id: int) -> None:
        with self._transaction():
            ticket = self._models.Ticket.objects.get(id=id)
            self._update(self._agent, ticket, public=True, new_status=self._models.Ticket.CLOSED_STATUS)


def _measured(plan: Plan, *, quiet: bool) -> dict[str, float]:
    _set_up(_database(plan))
    site = Site(quiet=quiet)
    found = timed(plan, site.live, WARM_UP)
    site.verify(WARM_UP + plan.requests)
    from django.db import connection

    connection.close()
    return found


def _database(plan: Plan) -> dict[str, Any]:
    """Django's settings for the database of the plan, durable."""
    if plan.store == "sqlite":
        options = {"init_command": SQLITE, "transaction_mode": "IMMEDIATE"}
        name = str(plan.folder / "helpdesk.db")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    try:
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as problem:
        raise Missing(str(problem)) from None
    given = conninfo_to_dict(plan.dsn)
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    found: dict[str, Any] = {theirs: given[name] for name, theirs in names.items() if name in given}
    return {"ENGINE": "django.db.backends.postgresql", **found}


CASES = {
    "lifecycle": lambda plan: _measured(plan, quiet=False),
    "quiet": lambda plan: _measured(plan, quiet=True),
}
