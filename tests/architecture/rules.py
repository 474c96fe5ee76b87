"""The rules of the house, as pure functions over the syntax trees of a source tree.

Floors are numbered from the bottom; imports point down. Guests (plugins, testing) build on the floors and
nobody builds on them. `check` reads a tree and returns every breach; nothing in it is imported or run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from . import plan
from .source import Breach, Module, last_name, read

# --- where things stand -----------------------------------------------------------------------------


def placed(module: Module) -> Iterator[Breach]:
    """Every module has a floor, or is a guest."""
    if module.top not in plan.FLOORS and not module.is_guest:
        yield module.breach("placed", 1, f"{module.name} has no floor: name one in plan.FLOORS")


def down(module: Module) -> Iterator[Breach]:
    """Imports point down."""
    if module.is_guest:
        return
    for each in module.imports:
        if each.house is None or each.house.partition(".")[0] in plan.GUESTS:
            continue
        floor = plan.FLOORS.get(each.house.partition(".")[0], plan.TOP + 1)
        if floor > module.floor:
            told = f"floor {module.floor} imports {each.target}, floor {floor}"
            yield module.breach("down", each.line, told)


def guests(module: Module) -> Iterator[Breach]:
    """Nobody in the house imports a guest; the top floor may, by name and inside a function, when asked."""
    if module.is_guest:
        return
    for each in module.imports:
        if each.house is None or each.house.partition(".")[0] not in plan.GUESTS:
            continue
        if module.floor < plan.TOP:
            yield module.breach("guests", each.line, f"imports the guest {each.target}")
        elif not each.inside:
            yield module.breach("guests", each.line, f"loads the guest {each.target} before it is asked for")


def plugins(module: Module) -> Iterator[Breach]:
    """A plugin knows floors 0 to 2 and itself: whatever ours need, anybody's may have."""
    if module.top != "plugins":
        return
    own = ".".join(module.name.split(".")[:2])
    for each in module.imports:
        house = each.house
        if house is None or house == own or house.startswith(own + "."):
            continue
        if house not in plan.SHARED and plan.FLOORS.get(house.partition(".")[0], plan.TOP + 1) > 2:
            yield module.breach("plugins", each.line, f"imports {each.target}, above floor 2")


def kit(module: Module) -> Iterator[Breach]:
    """What others test with knows the whole house, and a plugin only when asked for it."""
    if module.top != "testing":
        return
    for each in module.imports:
        if each.house is not None and each.house.partition(".")[0] == "plugins" and not each.inside:
            yield module.breach("kit", each.line, f"loads {each.target} before it is asked for")


# --- what comes from outside ------------------------------------------------------------------------


def values(module: Module) -> Iterator[Breach]:
    """Floors 0 and 1 import only modules of the standard library that know nothing but values."""
    if module.floor > 1:
        return
    for each in module.imports:
        name = each.stranger
        if each.house is not None or name not in sys.stdlib_module_names or name in plan.CORE_STDLIB:
            continue
        if plan.EXEMPT.get(module.name) != name:
            yield module.breach("values", each.line, f"imports {each.target}")


def homes(module: Module) -> Iterator[Breach]:
    """Each package from outside has one home; what is optional is imported inside functions."""
    for each in module.imports:
        name = each.stranger
        if each.house is not None or name in sys.stdlib_module_names or name in plan.ANYWHERE:
            continue
        places = plan.HOMES.get(name, ())
        if not module.within(places):
            homes = " and ".join(places) or "nowhere yet: name a home in plan.HOMES"
            yield module.breach("homes", each.line, f"imports {name}, whose home is {homes}")
        elif name in plan.LAZY and not each.inside:
            yield module.breach("homes", each.line, f"imports {name} for everybody: do it inside a function")


def safety(module: Module) -> Iterator[Breach]:
    """Nothing turns data from outside into running code."""
    for each in module.imports:
        if each.stranger in plan.UNSAFE_IMPORTS:
            yield module.breach("safety", each.line, f"imports {each.target}")
    for node, _ in module.nodes:
        if isinstance(node, ast.Name) and node.id in plan.UNSAFE_CALLS:
            yield module.breach("safety", node.lineno, f"names {node.id}")
        elif (
            isinstance(node, ast.Attribute)
            and last_name(node.value) == "yaml"
            and node.attr in plan.YAML_CALLS
        ):
            yield module.breach("safety", node.lineno, "loads YAML with constructors")


# --- what the lower floors may not touch ------------------------------------------------------------


def purity(module: Module) -> Iterator[Breach]:
    """Floors 0 to 3 name no clock, chance, environment, file, socket, thread, asyncio or log."""
    if module.floor > 3:
        return
    for each in module.imports:
        if each.stranger in plan.OUTSIDE and plan.EXEMPT.get(module.name) != each.target:
            yield module.breach("purity", each.line, f"imports {each.target}")
    clocks = _clock_names(module)
    bound = _bound_names(module)
    for node, _ in module.nodes:
        if told := _reaches_out(node, bound) or _asks_the_machine(node, clocks):
            yield module.breach("purity", getattr(node, "lineno", 1), told)


def _reaches_out(node: ast.AST, bound: frozenset[str]) -> str:
    """Says which builtin is called, or handed on; a field or parameter of the same name may be named."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in plan.OUTSIDE_CALLS:
        return f"calls {node.func.id}"
    is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    named = last_name(node) if is_read else ""
    return f"names {named}" if named in (plan.OUTSIDE_CALLS | {"__builtins__"}) - bound else ""


def _asks_the_machine(node: ast.AST, clocks: frozenset[str]) -> str:
    """Says which answer of the machine's clock or time zone is taken."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr in plan.CLOCK_READINGS
        and last_name(node.value) in clocks
    ):
        return f"asks the clock: {node.attr}"
    if not isinstance(node, ast.Call):
        return ""
    name, given = last_name(node.func), len(node.args) + len(node.keywords)
    constants = {each.value for each in node.args if isinstance(each, ast.Constant)}
    if name == "getattr" and constants & plan.CLOCK_READINGS:
        return "asks the clock by name"
    if (name == "astimezone" and given == 0) or (name == "fromtimestamp" and given == 1):
        return "takes the time zone of the machine"
    return ""


def _clock_names(module: Module) -> frozenset[str]:
    """Names under which ``datetime`` or ``date`` go in a module."""
    found = {"datetime", "date"}
    for node, _ in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "datetime":
            found |= {alias.asname for alias in node.names if alias.asname and alias.name in found}
        elif isinstance(node, ast.Assign) and last_name(node.value) in found:
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


def _bound_names(module: Module) -> frozenset[str]:
    """Names that parameters, fields and variables have in a module."""
    found = {node.arg for node, _ in module.nodes if isinstance(node, ast.arg)}
    stored = (node for node, _ in module.nodes if isinstance(node, ast.Name))
    return frozenset(found | {node.id for node in stored if isinstance(node.ctx, ast.Store)})


def state(module: Module) -> Iterator[Breach]:
    """Floors 0 to 3 keep nothing between calls: no mutable thing in a module or a class, no ``global``."""
    if module.floor > 3:
        return
    for node, _ in module.nodes:
        if isinstance(node, ast.Global):
            yield module.breach("state", node.lineno, f"global {', '.join(node.names)}")
    for statement in _shared_statements(module.tree):
        annotation, content = None, None
        if isinstance(statement, ast.AnnAssign):
            annotation, content = statement.annotation, statement.value
        elif isinstance(statement, ast.Assign):
            if {last_name(target) for target in statement.targets} <= {"__all__", "__slots__"}:
                continue
            content = statement.value
        elif isinstance(statement, ast.AugAssign):
            content = statement.value
        if content is not None and _is_mutable(content) and not _is_view(annotation):
            hint = "annotate it as a Mapping, Sequence or Set from collections.abc, or make it a tuple"
            yield module.breach("state", statement.lineno, f"shares something mutable: {hint}")


def _shared_statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run once, on import: of the module, of its classes and branches."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from _shared_statements(child)


def _is_mutable(content: ast.expr) -> bool:
    displays = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp
    if isinstance(content, displays):
        return True
    if isinstance(content, ast.BinOp):
        return _is_mutable(content.left) or _is_mutable(content.right)
    if isinstance(content, ast.IfExp):
        return _is_mutable(content.body) or _is_mutable(content.orelse)
    if not isinstance(content, ast.Call):
        return False
    return last_name(content.func) in plan.MUTABLE_MAKERS or last_name(content.func) == "fromkeys"


def _is_view(annotation: ast.expr | None) -> bool:
    """True for ``Mapping[...]`` and the like, also within ``Final`` or ``ClassVar``."""
    if isinstance(annotation, ast.Subscript):
        if last_name(annotation.value) in ("Final", "ClassVar"):
            return _is_view(annotation.slice)
        return last_name(annotation.value) in plan.IMMUTABLE_VIEWS
    return annotation is not None and last_name(annotation) in plan.IMMUTABLE_VIEWS


# --- what is loaded when it is first needed ---------------------------------------------------------


def windows(module: Module) -> Iterator[Breach]:
    """What a window shows when it is looked into is what the type checker was told, and stands in ``__all__``."""
    for each in _windows(module):
        imports = [node for node in each.body if isinstance(node, ast.ImportFrom)]
        told = {
            ("." * node.level + (node.module or ""), alias.name) for node in imports for alias in node.names
        }
        shown = _shown(each)
        whole = {home for home, names in shown.items() if names == "*"}
        named = {(home, name) for home, names in shown.items() if home not in whole for name in names.split()}
        if odd := {(home, name) for home, name in told if home not in whole} ^ named:
            differ = ", ".join(sorted(name for _, name in odd))
            yield module.breach("windows", each.lineno, f"the type checker is told otherwise of {differ}")
        if hidden := {name for home, name in told if home != "."} - _listed(module):
            yield module.breach("windows", each.lineno, f"not in __all__: {', '.join(sorted(hidden))}")


def _windows(module: Module) -> Iterator[ast.If]:
    """The branches of a module by which it is a window: imports for the type checker, else a table of names."""
    for node in module.tree.body:
        if isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING" and node.orelse:
            calls = [each for each in ast.walk(node.orelse[0]) if isinstance(each, ast.Call)]
            if calls and last_name(calls[0].func) == "window":
                yield node


def _shown(window: ast.If) -> dict[str, str]:
    """The table of names of a window, with its rooms under the package itself."""
    (call,) = [each for each in ast.walk(window.orelse[0]) if isinstance(each, ast.Call)]
    shown: dict[str, str] = ast.literal_eval(call.args[1])
    rooms = [ast.literal_eval(each.value) for each in call.keywords if each.arg == "rooms"]
    return {**shown, ".": rooms[0]} if rooms else shown


def _listed(module: Module) -> set[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and last_name(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


# --- size -------------------------------------------------------------------------------------------


def giants(module: Module) -> Iterator[Breach]:
    """A module fits in a sitting, a function on a screen; blank lines and lists for the type checker are free."""
    lines = [bool(line.strip()) for line in module.source.splitlines()]
    for each in _windows(module):
        first, last = each.body[0].lineno, each.body[-1].end_lineno or 0
        lines[first - 1 : last] = [False] * (last - first + 1)
    if sum(lines) > plan.MODULE_LINES:
        yield module.breach("giants", 1, f"{sum(lines)} lines, more than {plan.MODULE_LINES}")
    for node, _ in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = sum(lines[node.lineno - 1 : node.end_lineno])
            if size > plan.FUNCTION_LINES:
                told = f"{node.name} has {size} lines, more than {plan.FUNCTION_LINES}"
                yield module.breach("giants", node.lineno, told)


RULES: tuple[Callable[[Module], Iterator[Breach]], ...] = (
    placed,
    down,
    guests,
    plugins,
    kit,
    values,
    homes,
    safety,
    purity,
    state,
    windows,
    giants,
)


def breaches(module: Module) -> list[Breach]:
    """Every breach of every rule in one module."""
    return [breach for rule in RULES for breach in rule(module)]


def check(tree: Path) -> list[Breach]:
    """Every breach in the package below ``tree``."""
    return [breach for module in read(tree) for breach in breaches(module)]
