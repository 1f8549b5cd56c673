"""Logs one run with nothing but the standard library and pannier, and reads it
back. Run by `cargo xtask test` with every Python that is here, warnings being
errors, and with the installed wheel."""

import os
import sys
import tempfile

home = tempfile.mkdtemp(prefix="pannier-smoke-")
for name in [name for name in os.environ if name.startswith(("WANDB_", "PANNIER_")) and name != "PANNIER_BIN"]:
    del os.environ[name]
os.environ["PANNIER_HOME"] = home

before = set(sys.modules)  # what this machine's own site hooks brought

import pannier  # noqa: E402

with pannier.init(project="smoke", name="first", config={"lr": 0.1, "net": {"depth": 3}}) as run:
    for step in range(100):
        run.log({"loss": 1.0 / (step + 1), "nested": {"flag": step % 2 == 0}, "note": "ü"})
    run.summary["best"] = 0.01
    run_id = run.id

points = list(pannier.read(project="smoke", run=run_id, key="loss"))
assert points == [(step, 1.0 / (step + 1)) for step in range(100)], points[:3]
from pannier import reports  # noqa: E402

grid = reports.PanelGrid(panels=[reports.LinePlot(y=["loss"])])
report = reports.Report(project="smoke", entity="ann", blocks=[grid])
assert reports.Report._of(report.spec).spec == report.spec
standard = getattr(sys, "stdlib_module_names", None)
if standard is not None:
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    foreign = {name for name in loaded - set(standard) if name != "pannier"}
    assert not foreign, f"not of the standard library: {foreign}"
print(f"ok: Python {sys.version.split()[0]}, 100 rows read back")
