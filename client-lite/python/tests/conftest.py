"""Owns what the tests stand on: the package with its native half, a daemon's
binary, temporary homes, and scripts run as real processes."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
from typing import Any

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent / "pannier"
TARGET = HERE.parents[2] / "target" / "debug"
REQUIRED = os.environ.get("PANNIER_TESTS_REQUIRE_DAEMON") == "1"

sys.path.insert(0, str(PACKAGE.parent))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in list(os.environ):
        if name.startswith(("WANDB_", "PANNIER_", "SLURM_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _missing(what: str) -> Any:
    if REQUIRED:
        pytest.fail(f"{what}, and PANNIER_TESTS_REQUIRE_DAEMON=1 asks for it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def package_dir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder for PYTHONPATH with the package and its compiled module: the one that
    is there already (`cargo xtask test` lays one out), or a copy put together here."""
    for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if entry and (pathlib.Path(entry) / "pannier" / "_native.abi3.so").exists():
            return pathlib.Path(entry)
    library = pathlib.Path(os.environ.get("PANNIER_NATIVE", TARGET / "lib_native.so"))
    if not library.exists():
        _missing(f"no native module at {library}: cargo build -p pannier-python")
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(PACKAGE, folder / "pannier", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(library, folder / "pannier" / "_native.abi3.so")
    return folder


@pytest.fixture(scope="session")
def daemon_binary() -> str:
    """The daemon's binary."""
    binary = os.environ.get("PANNIER_BIN", str(TARGET / "pannier"))
    if not os.access(binary, os.X_OK):
        _missing(f"no daemon at {binary}: cargo build -p pannier, or set PANNIER_BIN")
    return binary


class Home:
    """A home of its own, and ways to run programs in it."""

    def __init__(self, root: pathlib.Path, package: pathlib.Path, binary: str) -> None:
        self.path = root / "home"
        self.cwd = root / "work"
        self.cwd.mkdir(parents=True)
        self.binary = binary
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "PANNIER_"))},
            "PANNIER_HOME": str(self.path),
            "PANNIER_BIN": binary,
            "PYTHONPATH": str(package),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def python(
        self, code: str, rc: int | None = 0, timeout: float = 120, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a script, as a file, in this home."""
        script = self.cwd / "script.py"
        script.write_text(textwrap.dedent(code))
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**self.env, **env},
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if rc is not None:
            assert done.returncode == rc, done.stdout + done.stderr
        return done

    def cli(self, *args: str) -> str:
        """What the command line prints."""
        done = subprocess.run(
            [self.binary, *args], env=self.env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"pannier {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def show(self, run: str, project: str = "p", entity: str = "local") -> dict[str, Any]:
        """A run, as the daemon sees it."""
        shown: dict[str, Any] = json.loads(
            self.cli("runs", "show", f"{entity}/{project}/{run}", "--json")
        )
        return shown

    def ask(self, expression: str) -> Any:
        """The value of a Python expression over `pannier`, by way of JSON."""
        done = self.python(f"import json, pannier\nprint(json.dumps({expression}))")
        return json.loads(done.stdout.splitlines()[-1])

    def points(self, run: str, key: str, project: str = "p") -> list[list[float]]:
        """A metric's points, by `pannier.read`."""
        found: list[list[float]] = self.ask(f"list(pannier.read({project!r}, {run!r}, {key!r}))")
        return found

    def stop(self) -> None:
        """Ends the daemon of this home, if one runs."""
        status = subprocess.run(
            [self.binary, "status", "--json"], env=self.env, capture_output=True, text=True
        )
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):
            os.kill(json.loads(status.stdout)["pid"], signal.SIGTERM)


@pytest.fixture
def home(tmp_path: pathlib.Path, package_dir: pathlib.Path, daemon_binary: str) -> Any:
    """A fresh home; its daemon is started by whoever needs it first."""
    made = Home(tmp_path, package_dir, daemon_binary)
    yield made
    made.stop()


@pytest.fixture
def bare_home(tmp_path: pathlib.Path, package_dir: pathlib.Path) -> Home:
    """A home on a machine without a daemon."""
    made = Home(tmp_path, package_dir, "/nonexistent/pannier")
    made.env["PANNIER_DAEMON"] = "none"
    return made
