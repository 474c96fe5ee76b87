"""The checks of the project, each in an environment of its own: ``python -m nox``.

Quick sessions run first, so that a slip shows early; the tests come last.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OLDEST = PYTHONS[0]
EXTRAS = ".[cli,postgres,speed,telemetry]"

STORIES = tuple(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("tests/test_*.py")))

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "architecture", "docs", "wheel", "lowest", "tests"]
nox.options.error_on_missing_interpreters = False  # one that is not there is skipped by name
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"


def group(*names: str) -> list[str]:
    """The requirements of some dependency groups of pyproject.toml."""
    return list(nox.project.dependency_groups(PROJECT, *names))


def pytest(session: nox.Session, *arguments: str, workers: int = 2) -> None:
    """Run pytest in development mode, in which values refuse to be changed."""
    spread = ["-n", str(workers), "--dist", "loadgroup"] if workers > 1 else []
    session.run("python", "-X", "dev", "-m", "pytest", *spread, *arguments, *session.posargs)


def lowest(requirement: str) -> str:
    """The requirement, pinned to its lower bound."""
    name, _, bounds = requirement.partition(">=")
    return f"{name}=={bounds.partition(',')[0]}"


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Style, docstrings and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """All annotations, strictly."""
    session.install("-e", EXTRAS, *group("test", "types"))
    session.run("mypy")


@nox.session(python=OLDEST)
def architecture(session: nox.Session) -> None:
    """The rules of the house: who may import whom, and what the core may not touch."""
    session.install("-e", ".", *group("kit"))
    pytest(session, "tests/architecture", workers=1)


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Examples in the documentation run, and generated pages are up to date."""
    session.install("-e", EXTRAS, *group("docs"))
    pytest(session, "tests/docs")


@nox.session(python=OLDEST)
def wheel(session: nox.Session) -> None:
    """The wheel, built and installed, passes the tests without the sources near it."""
    session.install(*group("build", "test"))
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(built), str(ROOT))  # the wheel comes from the sdist
    (found,) = built.glob("*.whl")
    session.install("--force-reinstall", "--no-deps", str(found))
    session.install(f"{found}[cli,postgres,speed,telemetry]")
    apart = built.parent / "apart"
    shutil.rmtree(apart, ignore_errors=True)
    shutil.copytree(ROOT, apart, ignore=shutil.ignore_patterns("src", "dist", "build", ".*", "__pycache__"))
    session.chdir(apart)
    session.run("python", "-m", "reqflow", "--help", silent=True)
    pytest(session, "tests/cli", "tests/readers", *STORIES, "-m", "not slow")


@nox.session(name="lowest", python=OLDEST)
def lowest_bounds(session: nox.Session) -> None:
    """The oldest versions that we say we work with, and neither orjson nor rich."""
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgres"]]
    session.install("-e", ".[postgres]", *map(lowest, asked), *group("test"))
    stores = [f"tests/stores/test_{name}.py" for name in ("memory", "postgres")]
    pytest(session, "tests/core", *stores, "-m", "not slow", "-k", "not Partitioned")


@nox.session(python=list(PYTHONS))
def tests(session: nox.Session) -> None:
    """All else, with the newest versions of what we build on; every capability on every store."""
    session.install("-e", EXTRAS, *group("test"))
    pytest(session, "--ignore", "tests/docs", "--ignore", "tests/architecture")
    if session.python == OLDEST:
        for store in ("sqlite", "postgres"):
            pytest(session, "tests/capabilities", "-m", "row", "--store", store)


@nox.session(python=OLDEST)
def mutants(session: nox.Session) -> None:
    """For every capability, the package without it: its stories must fail. And bugs that a simulation must find."""
    session.install("-e", EXTRAS, *group("test"))
    pytest(session, "tests/capabilities", "tests/simulation", "-m", "mutants")


@nox.session(python=OLDEST)
def soak(session: nox.Session) -> None:
    """Thousands of kills on each store, and of simulated runs; about an hour. Arguments after ``--`` go to pytest.

    ``--kills 2000 --seeds 1200`` are some minutes.
    """
    session.install("-e", EXTRAS, *group("test"))
    pytest(session, "tests/bad_days", "tests/simulation", "--kills", "10000", "--seeds", "12000")


@nox.session(python=OLDEST)
def bench(session: nox.Session) -> None:
    """Measure, beside floors and peers, some three minutes; arguments after ``--`` go to the benchmarks."""
    session.install(EXTRAS, *group("test", "peers"))
    session.run("python", "benchmarks/run.py", *session.posargs)
