"""Each SDK of sdks.txt against the same daemon. `cargo xtask test` lays them
out, one folder a version, and names the folder in PANNIER_WANDB_SDKS."""

import os
import pathlib
import subprocess
import sys

import pytest

from support.home import bare_environment
from support.sdk import ENTITY, folders

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = [line for line in (HERE / "sdks.txt").read_text().split("\n") if line and not line.startswith("#")]


@pytest.mark.parametrize("version", VERSIONS)
def test_smoke(version, variables, tmp_path):
    laid_out = os.environ.get("PANNIER_WANDB_SDKS")
    assert laid_out, "PANNIER_WANDB_SDKS must name the folder with a folder for each SDK"
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "smoke.py"), version],
        cwd=tmp_path,
        env=bare_environment()
        | folders(tmp_path / "sdk")
        | variables
        | {"WANDB_ENTITY": ENTITY, "PYTHONPATH": str(pathlib.Path(laid_out) / version)},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-5000:]}"
    assert f"ok {version}" in done.stdout
