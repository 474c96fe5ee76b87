"""Write the generated regions of the documentation anew from the code.

    python docs/generate.py            # write
    python docs/generate.py --check    # change nothing, fail when something would change

A region stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; the function of that name in
`REGIONS` says what belongs there. Everything else in a page is written by people.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import attrs

from reqflow import engine, errors, hooks, ports, worker
from reqflow.core import commands, couplings, effects, events, model, notices, records, settings
from reqflow.core import views as core_views
from reqflow.core.automations import facts
from reqflow.core.configuration.rule_actions import ACTIONS
from reqflow.core.lifecycle import CONVERSATION, DRAFT, REQUEST, Lifecycle
from reqflow.core.rights import permissions
from reqflow.core.settings import people, rules
from reqflow.diagrams import couplings_table, markdown_table, mermaid, table
from reqflow.flow import beside, contacts

DOCS = Path(__file__).parent
ROOT = DOCS.parent

sys.path.insert(0, str(ROOT))
plan = import_module("tests.architecture.plan")  # the floors, as the architecture tests know them

REGION = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


# --- words ------------------------------------------------------------------------------------------


def told(thing: object) -> str:
    """A docstring as Markdown."""
    doc = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    doc, _, rest = doc.partition("::\n")
    if rest:
        doc += ":"
    return markdown(doc)


def markdown(text: str) -> str:
    """Double backticks become single ones; each sentence gets its line; argument lists become bullets."""
    text = text.replace("``", "`")
    text = re.sub(r"^(Args|Attributes):\n", "", text, flags=re.MULTILINE)
    paragraphs = (
        _bullets(paragraph) if paragraph.startswith("    ") else _sentences(paragraph)
        for paragraph in text.split("\n\n")
    )
    return "\n\n".join(paragraphs).strip()


def _sentences(paragraph: str) -> str:
    return re.sub(r"(?<=[a-z)`\"]\.) (?=[A-Z`])", "\n", " ".join(paragraph.split()))


def _bullets(paragraph: str) -> str:
    return "\n".join(f"- `{name}`: {text}" for name, text in named(paragraph))


def named(listing: str) -> Iterator[tuple[str, str]]:
    """The ``name: text`` items of an indented listing, whose long lines are indented further."""
    for item in re.split(r"\n(?= {4}\S)", listing.rstrip()):
        name, _, text = " ".join(item.split()).partition(": ")
        yield name, text


def attributes(cls: type) -> dict[str, str]:
    """What the ``Attributes:`` section of a docstring says of each."""
    doc = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2]
    return {name: text.replace("``", "`") for name, text in named(doc.partition("\n\n")[0])}


def constant_docs(module: ModuleType) -> dict[str, str]:
    """The strings that stand below constants and the members of classes, by name."""
    found: dict[str, str] = {}
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for first, second in pairwise(body):
            if (
                isinstance(first, ast.Assign | ast.AnnAssign)
                and isinstance(second, ast.Expr)
                and isinstance(second.value, ast.Constant)
                and isinstance(second.value.value, str)
            ):
                target = first.targets[0] if isinstance(first, ast.Assign) else first.target
                found[ast.unparse(target)] = markdown(inspect.cleandoc(second.value.value))
    return found


def spoken(content: object) -> str:
    """A default as one would write it in settings."""
    if isinstance(content, timedelta):
        seconds = content.total_seconds()
        for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds and seconds % length == 0:
                return f"`{seconds / length:g}{unit}`"
        return f"`{seconds:g}s`" if seconds else "`0` (off)"
    if isinstance(content, Enum):
        return f"`{content.value}`"
    if isinstance(content, bool):
        return f"`{str(content).lower()}`"
    if content is None or content in (frozenset(), (), {}):
        return "none"
    if isinstance(content, frozenset):  # in an order of its own, which no hash decides
        return ", ".join(sorted(spoken(each) for each in content))
    return f"`{content!r}`"


def field_table(cls: type) -> str:
    """A value's fields: name, type, default."""
    written = {
        name: kind for each in reversed(cls.__mro__) for name, kind in inspect.get_annotations(each).items()
    }
    rows = [[f"`{f.name}`", f"`{_type(written[f.name])}`", _default(f.default)] for f in attrs.fields(cls)]
    return markdown_table(["field", "type", "default"], rows) if rows else ""


def _default(content: object) -> str:
    if content is attrs.NOTHING:
        return "required"
    return "" if content in (None, (), "") else spoken(content)


def _type(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def signature(function: Callable[..., Any], name: str) -> str:
    """``name(arguments) -> result`` as it is written, without ``self``."""
    (written,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function))).body
    assert isinstance(written, ast.FunctionDef)
    arguments = ast.unparse(written.args).removeprefix("self").removeprefix(", ")
    arguments = re.sub(r"(: [^,=]+)=", r"\1 = ", arguments)
    return (
        f"{name}({arguments}) -> {ast.unparse(written.returns)}"
        if written.returns
        else f"{name}({arguments})"
    )


# --- regions ----------------------------------------------------------------------------------------


def lifecycle(machine: Lifecycle) -> str:
    return f"```mermaid\n{mermaid(machine)}```\n\n{table(machine)}"


def couplings_meanings() -> str:
    docs = constant_docs(couplings)
    rows = [[f"`{each}`", docs.get(each.name, "")] for each in couplings.Coupling]
    return markdown_table(["word", "what happens"], rows)


def endings() -> str:
    rows = [
        [
            str(resolution),
            str(couplings.CLOSES_AS[resolution]),
            ", ".join(str(why) for why, then in couplings.RESOLVES_AS.items() if then is resolution),
        ]
        for resolution in model.Resolution
    ]
    heads = ["resolution of a request", "if it was the last, the conversation closes as"]
    return markdown_table([*heads, "given to open requests when the conversation closes as"], rows)


def values(classes: Iterable[type], level: str = "##") -> str:
    """A heading, docstring and field table for each; events and effects are named by their tag."""
    parts = []
    for cls in classes:
        word = cls.__dict__.get("tag")
        tag = word if isinstance(word, str) else None  # a command may have a field of that name
        heading = f"{level} `{tag}`" if tag else f"{level} `{cls.__name__}`"
        by_tag = f"Class `{cls.__name__}`.\n" if tag else ""
        parts.append(f"{heading}\n\n{by_tag}{told(cls)}\n\n{field_table(cls)}".rstrip() + "\n")
    return "\n".join(parts)


def all_events() -> str:
    kinds = {
        "Messages": events.MESSAGE_EVENTS,
        "Requests": events.REQUEST_EVENTS,
        "Conversations": events.CONVERSATION_EVENTS,
        "Drafts": events.DRAFT_EVENTS + events.DRAFT_REMARKS,
        "Notes": events.NOTE_EVENTS,
        "Links and tickets": events.LINK_EVENTS,
        "Tags": events.TAG_EVENTS,
        "Subjects and statuses": events.NAMING_EVENTS,
        "Fields": events.FIELD_EVENTS,
        "Quick answers": events.ANSWER_EVENTS,
        "What hosts record and ask for": events.HOST_EVENTS,
        "Follow-ups": events.FOLLOW_UP_EVENTS,
        "What is found out": events.DESCRIPTION_EVENTS,
        "Contacts": events.CONTACT_EVENTS,
        "Followers, mentions and mail": events.ATTENTION_EVENTS,
        "Escalation": events.ESCALATION_EVENTS,
        "Erasure": events.ERASURE_EVENTS,
        "Retention": events.RETENTION_EVENTS,
        "Notes in a conversation's history": events.CONVERSATION_REMARKS,
        "Desk": events.DESK_EVENTS,
    }
    return "\n".join(f"## {kind}\n\n{values(classes, '###')}" for kind, classes in kinds.items())


def enums() -> str:
    wanted = (
        model.ActorKind,
        model.Audience,
        model.Side,
        model.HoldReason,
        model.Resolution,
        model.CloseReason,
        model.Label,
        model.LinkKind,
        model.LinkTarget,
        model.AttachmentKind,
        model.Delivery,
        events.CauseKind,
    )
    rows = [[f"`{cls.__name__}`", ", ".join(f"`{each}`" for each in cls), told(cls)] for cls in wanted]
    return markdown_table(["vocabulary", "words", "what it says"], rows)


def channel_settings() -> str:
    meanings = attributes(settings.ChannelSettings)
    defaults = settings.ChannelSettings()
    rows = []
    for name in attrs.fields_dict(settings.ChannelSettings):
        default = spoken(getattr(defaults, name))
        others: dict[str, list[str]] = {}
        for kind, differing in settings.KIND_DEFAULTS.items():
            if name in differing:
                others.setdefault(spoken(differing[name]), []).append(str(kind))
        for other, kinds in others.items():
            default += f"; {', '.join(kinds)}: {other}"
        rows.append([f"`{name}`", meanings[name], default])
    return markdown_table(["setting", "what it says", "default"], rows)


def words_of(enum: type[Enum]) -> str:
    return ", ".join(f"`{each.value}`" for each in enum)


def choices() -> str:
    wanted = {
        "kind": settings.ChannelKind,
        "detection": settings.DetectionMode,
        "grouping_mode": settings.GroupingMode,
        "requests_per_conversation": settings.RequestsPerConversation,
        "visibility": settings.Visibility,
    }
    rows = [[f"`{name}`", words_of(enum), told(enum)] for name, enum in wanted.items()]
    return markdown_table(["setting", "one of", "meaning"], rows)


def notice_table() -> str:
    """Who is told of which event, and by which code, in the order of the table."""
    rows = []
    for tag, lines in notices.TABLE.items():
        told_of: dict[str, list[str]] = {}
        for line in lines:
            codes = told_of.setdefault(line.who.value, [])
            codes += [each for each in (f"`{line.code}`" if line.code else "its own",) if each not in codes]
        rows.append([f"`{tag}`", "; ".join(f"{who}: {', '.join(codes)}" for who, codes in told_of.items())])
    return markdown_table(["event", "who is told, and by which code"], rows)


def notice_codes() -> str:
    rows = [[f"`{code}`", meaning] for code, meaning in settings.NOTICE_CODES.items()]
    return markdown_table(["code", "what the agent is told"], rows)


def rule_moments() -> str:
    meanings = constant_docs(rules)
    rows = [[f"`{each}`", meanings[each.name]] for each in settings.Since]
    return markdown_table(["since", "counts from"], rows)


def rule_facts() -> str:
    def words(takes: Any) -> str:
        return f"a {takes}" if isinstance(takes, facts.Takes) else words_of(takes)

    rows = [[f"`{name}`", words(fact.takes), "yes"] for name, fact in facts.STATE_FACTS.items()]
    rows += [[f"`{name}`", words(fact.takes), ""] for name, fact in facts.EVENT_FACTS.items()]
    return markdown_table(["fact", "words", "also as it `was`"], rows)


def rule_actions() -> str:
    rows = []
    for word, form in ACTIONS.items():
        name = form.command.__name__
        first = told(form.command).partition("\n")[0]
        rows.append([f"`{word}`", f"[`{name}`](commands.md#{name.lower()})", first])
    return markdown_table(["action", "command", "what it does"], rows)


def hook_pages() -> str:
    parts = []
    for name in hooks.__all__:
        if name.startswith("reqflow_"):
            hook = getattr(hooks, name)
            parts.append(f"## {name}\n\n```python\n{_hook(hook, name)}\n```\n\n{told(hook)}\n")
    return "\n".join(parts)


def _hook(hook: Callable[..., Any], name: str) -> str:
    arguments, _, result = signature(hook, name).partition(" -> ")
    return f"def {arguments} -> {result}: ..."


def protocols() -> str:
    wanted = (ports.Classifier, ports.Transport, ports.Clock, ports.Store, ports.JoinedStore, ports.Waker)
    return "\n".join(f"## {cls.__name__}\n\n{told(cls)}\n\n{members(cls)}" for cls in wanted)


def members(cls: type) -> str:
    """The attributes and methods of a port or an engine."""
    lines = [f"- `{name}: {_type(kind)}`" for name, kind in inspect.get_annotations(cls).items()]
    for name, member in vars(cls).items():
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(member, property):
            lines.append(f"- `{name}` (property): {_flat(told(member))}")
        elif inspect.isfunction(member):
            lines.append(f"- `{signature(member, name)}`: {_flat(told(member))}")
    return "\n".join(lines) + "\n"


def _flat(text: str) -> str:
    return " ".join(text.split())


def engine_page() -> str:
    about, _, arguments = told(engine.Engine).partition("\n\n")
    return f"{about}\n\n## Making one\n\n{arguments}\n\n## Using it\n\n{members(engine.Engine)}"


def workers() -> str:
    about, _, arguments = told(worker.Worker).partition("\n\n")
    parts = [f"### `Worker`\n\n{about}\n\n{arguments}\n\n{members(worker.Worker)}"]
    parts.append(f"### `AsyncWorker`\n\n{told(worker.AsyncWorker)}\n")
    return "\n".join(parts) + "\n" + values((ports.Backlog, ports.ParkedItem), "###")


def error_tree() -> str:
    tree = inspect.cleandoc(errors.__doc__ or "").partition("::\n")[2]
    lines = [line for line in tree.splitlines() if not line or line.startswith("    ")]
    return "```text\n" + inspect.cleandoc("\n".join(lines)) + "\n```\n"


def error_pages() -> str:
    return "\n".join(f"## {name}\n\n{told(getattr(errors, name))}\n" for name in _error_names())


def _error_names() -> list[str]:
    """The error classes in the order of the file, which is that of the tree."""
    return [name for name, each in vars(errors).items() if inspect.isclass(each) and name in errors.__all__]


def floors() -> str:
    by_floor: dict[int, list[str]] = {}
    for name, floor in plan.FLOORS.items():
        by_floor.setdefault(floor, []).append(name)
    rows = [
        [str(floor), _place(name), _first_line(name)]
        for floor, names in sorted(by_floor.items())
        for name in names
        if _exists(name)
    ]
    rows += [["guest", _place(name), _first_line(name)] for name in sorted(plan.GUESTS) if _exists(name)]
    return markdown_table(["floor", "under `src/reqflow/`", "one line"], rows)


def homes() -> str:
    rows = [
        [f"`{package}`", ", ".join(_place(place.replace(".", "/")) for place in places if _exists(place))]
        for package, places in plan.HOMES.items()
    ]
    return markdown_table(["package", "imported only in"], [row for row in rows if row[1]])


def core_modules() -> str:
    folder = ROOT / "src" / "reqflow" / "core"
    stems = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    rows = [[f"`{stem}`", _first_line(f"core.{stem}")] for stem in stems]
    return markdown_table(["module", "one line"], rows)


def core_rooms() -> str:
    folder = ROOT / "src" / "reqflow" / "core"
    rooms = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    rows = [[f"`{room}/`", _first_line(f"core.{room}")] for room in rooms]
    return markdown_table(["room", "one line"], rows)


def _source(name: str) -> Path | None:
    base = ROOT / "src" / "reqflow" / name.replace(".", "/")
    candidates = (base.with_suffix(".py"), base / "__init__.py") if name else (base / "__init__.py",)
    return next((path for path in candidates if path.is_file()), None)


def _exists(name: str) -> bool:
    return _source(name) is not None or (ROOT / "src" / "reqflow" / name).is_dir()


def _place(name: str) -> str:
    source = _source(name.replace("/", "."))
    folder = source is None or source.name == "__init__.py"
    return "`__init__.py`" if not name else f"`{name}/`" if folder else f"`{name}.py`"


def _first_line(name: str) -> str:
    """What a module says of itself in its first paragraph; folders without words are told here."""
    source = _source(name)
    doc = ast.get_docstring(ast.parse(source.read_text("utf-8"))) if source else None
    if doc is None:
        return {"core": "The vocabulary and the rules: pure functions over frozen values."}.get(name, "")
    return markdown(doc.partition("\n\n")[0]).replace("\n", " ")


def capabilities() -> str:
    """Row by row: what it is, what one uses, and the tests that are marked with it."""
    rows = import_module("tests.capabilities.rows")
    said = tomllib.loads((DOCS / "capabilities.toml").read_text("utf-8"))["rows"]
    listed = [
        [
            row,
            f"**{said[row]['title']}.** {said[row]['behaviour']}",
            ", ".join(f"`{name}`" for name in said[row]["api"]),
            "<br>".join(
                f"[{each.file.stem.removeprefix('test_')}](../../{each.file.relative_to(ROOT)}) `{each.name}`"
                for each in rows.showing(row)
            ),
        ]
        for row in rows.ROWS
    ]
    return markdown_table(["row", "what it is", "with", "shown by"], listed)


def views() -> str:
    wanted = (
        ports.Requests,
        ports.Conversations,
        ports.Messages,
        ports.Records,
        ports.Effects,
        ports.Streams,
        ports.Entries,
        ports.Texts,
        ports.Parked,
    )
    return values(wanted, "###")


def composed_views() -> str:
    wanted = (*get_args(core_views.Composed), core_views.Column, core_views.Document)
    return values(wanted, "###")


def rights() -> str:
    meanings = constant_docs(people)
    rows = [
        [
            f"`{right}`",
            meanings[right.name],
            ", ".join(role for role in settings.ROLES if right in settings.ROLES[role]),
        ]
        for right in settings.Right
    ]
    return markdown_table(["right", "what it lets people do", "roles that have it"], rows)


def scopes() -> str:
    meanings = constant_docs(permissions)
    rows = [[f"`{scope}`", meanings[scope.name].replace("\n", " ")] for scope in permissions.Scope]
    return markdown_table(["on", "what that is"], rows)


def permission_rows() -> str:
    rows = []
    for name, needs in permissions.PERMISSIONS.items():
        on = f"`{needs.scope}`" + (f", or `{needs.unless}`" if needs.unless else "")
        rows.append([f"[`{name}`](commands.md#{name.lower()})", f"`{needs.right}`", on])
    return markdown_table(["command", "right", "on"], rows)


def record_rights() -> str:
    shown = {kind.tag for kind in records.RECORDS if "conversation_id" in attrs.fields_dict(kind)}
    rows = [[f"`{kind.tag}`", _record_right(kind.tag, shown)] for kind in records.RECORDS]
    return markdown_table(["records of the kind", "are read by"], rows)


def _record_right(kind: str, hanging: set[str]) -> str:
    if kind in hanging:
        return "whoever sees the conversation that they hang on"
    return f"whoever has the right `{permissions.RECORD_RIGHTS.get(kind, settings.Right.CONFIGURE)}`"


def command_line() -> str:
    """Each subcommand, read from the parser itself: argparse's own help differs from Python to Python."""
    parser = import_module("reqflow.cli.parser").make_parser()
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    parts = [f"{parser.description}\n\n```text\n{parser.epilog.rstrip()}\n```\n"]
    for name, command in commands.choices.items():
        arguments = [each for each in command._actions if not isinstance(each, argparse._HelpAction)]
        usage = " ".join(["reqflow", name, *(_usage(each) for each in arguments)])
        rows = [[f"`{_spelt(each)}`", str(each.help or "")] for each in arguments]
        listed = "\n" + markdown_table(["argument", "meaning"], rows) if rows else ""
        parts.append(f"## {name}\n\n{command.description}\n\n```text\n{usage}\n```\n{listed}")
    return "\n".join(parts)


def _spelt(argument: argparse.Action) -> str:
    """An argument as one types it: ``--config FILE``, ``STORE``, ``request|conversation``."""
    choices = "|".join(map(str, argument.choices or ()))
    named = str(argument.metavar or choices or argument.dest.upper())
    if not argument.option_strings:
        return named
    return argument.option_strings[-1] if argument.nargs == 0 else f"{argument.option_strings[-1]} {named}"


def _usage(argument: argparse.Action) -> str:
    spelt = _spelt(argument)
    if argument.nargs in ("+", "*"):
        spelt += "..."
    optional = argument.nargs in ("?", "*") or (bool(argument.option_strings) and not argument.required)
    return f"[{spelt}]" if optional else spelt


OBSERVATIONS = (
    commands.Inbound,
    commands.MessageEdit,
    commands.MessageDeletion,
    commands.MarkSeen,
    commands.Enclosure,
    commands.Delivered,
    commands.TicketReported,
)


def program(path: Path) -> str:
    """An example program, as a page shows it."""
    return f"```python\n{path.read_text('utf-8')}```\n"


PROGRAMS = {
    path.stem.replace("_", "-"): partial(program, path)
    for path in sorted((ROOT / "examples").glob("rebuild_*.py"))
}
"""The walk-throughs; tests/test_rebuilding.py compares what they print with their pages."""

REGIONS: Mapping[str, Callable[[], str]] = {
    "request-lifecycle": lambda: lifecycle(REQUEST),
    "conversation-lifecycle": lambda: lifecycle(CONVERSATION),
    "draft-lifecycle": lambda: lifecycle(DRAFT),
    "couplings": lambda: couplings_table(couplings.REQUEST_TO_CONVERSATION),
    "draft-couplings": lambda: couplings_table(couplings.DRAFT_TO_CONVERSATION),
    "conversation-couplings": lambda: couplings_table(couplings.CONVERSATION_TO_DRAFTS),
    "couplings-meanings": couplings_meanings,
    "endings": endings,
    "events": all_events,
    "entry": lambda: values((events.Entry, events.Cause), "###"),
    "vocabularies": enums,
    "commands": lambda: values(commands.COMMANDS),
    "observations": lambda: values(OBSERVATIONS),
    "effects": lambda: values(effects.EFFECTS, "###"),
    "capabilities": capabilities,
    "channel-settings": channel_settings,
    "setting-choices": choices,
    "agent-settings": lambda: f"{told(settings.Agent)}\n\n{field_table(settings.Agent)}",
    "field-settings": lambda: f"{told(settings.Field)}\n\n{field_table(settings.Field)}",
    "theme-settings": lambda: f"{told(settings.Theme)}\n\n{field_table(settings.Theme)}",
    "severity-settings": lambda: f"{told(settings.Severity)}\n\n{field_table(settings.Severity)}",
    "menu-settings": lambda: f"{told(settings.MenuOption)}\n\n{field_table(settings.MenuOption)}",
    "queue-settings": lambda: f"{told(settings.Queue)}\n\n{field_table(settings.Queue)}",
    "notices": notice_table,
    "notice-codes": notice_codes,
    "rule-moments": rule_moments,
    "rule-facts": rule_facts,
    "rule-actions": rule_actions,
    "hooks": hook_pages,
    "ports": protocols,
    "engine": engine_page,
    "workers": workers,
    "views": views,
    "composed-views": composed_views,
    "cards": lambda: f"{told(contacts.Card)}\n\n{field_table(contacts.Card)}",
    "facts": lambda: f"{told(beside.Facts)}\n\n{field_table(beside.Facts)}",
    "rights": rights,
    "scopes": scopes,
    "permissions": permission_rows,
    "record-rights": record_rights,
    "error-tree": error_tree,
    "errors": error_pages,
    "floors": floors,
    "homes": homes,
    "core-modules": core_modules,
    "core-rooms": core_rooms,
    "cli": command_line,
    **PROGRAMS,
}


def render(page: str) -> str:
    """The page with its generated regions written anew. Raises KeyError for an unknown region."""
    return REGION.sub(lambda found: f"{found[1]}{REGIONS[found[2]]().rstrip()}\n{found[4]}", page)


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def main(arguments: list[str]) -> int:
    stale = []
    for path in pages():
        page = path.read_text("utf-8")
        fresh = render(page)
        if fresh != page:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in arguments:
                path.write_text(fresh, "utf-8")
    for name in stale:
        print(name, "is out of date" if "--check" in arguments else "written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
