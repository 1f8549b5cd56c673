"""What every SDK must be able to do: log a run, resume it, and read it back.
Knows nothing newer than the oldest of sdks.txt."""

import os
import pathlib
import sys

import wandb

expected, project = sys.argv[1], "versions"
assert wandb.__version__ == expected, (wandb.__version__, wandb.__file__)
name = f"sdk-{expected}"

with wandb.init(project=project, id=name, name=expected, config={"rate": 0.5, "net": {"depth": 3}}, tags=["t"]) as run:
    print("first sitting")
    for step in range(10):
        run.log({"n": step, "half": step / 2, "tree": {"leaf": step}})
    run.summary["best"] = 4.5
    pathlib.Path("kept.txt").write_text("kept\n")
    run.save("kept.txt", policy="now")

with wandb.init(project=project, id=name, resume="must", config={"more": 1}) as run:
    assert run.resumed
    for step in range(10, 12):
        run.log({"n": step, "half": step / 2})

found = wandb.Api().run(f"{os.environ['WANDB_ENTITY']}/{project}/{name}")
assert found.state == "finished", found.state
assert found.name == expected and found.tags == ["t"]
assert found.config == {"rate": 0.5, "net": {"depth": 3}, "more": 1}, found.config
assert (found.summary["best"], found.summary["n"]) == (4.5, 11)
rows = [(row["_step"], row["n"], row["half"]) for row in found.scan_history()]
assert rows == [(step, step, step / 2) for step in range(12)], rows
keyed = [row["n"] for row in found.scan_history(keys=["n"], page_size=5)]
assert keyed == list(range(12)), keyed
sampled = found.history(keys=["half"], pandas=False)
assert [row["half"] for row in sampled] == [step / 2 for step in range(12)], sampled
assert found.file("kept.txt").size == 5
with found.file("kept.txt").download(root="down") as file:
    assert file.read() == "kept\n"
assert "config.yaml" in [file.name for file in found.files()]
runs = wandb.Api().runs(f"{os.environ['WANDB_ENTITY']}/{project}", filters={"config.more": 1}, order="-created_at")
assert name in [run.id for run in runs]
print("ok", expected)
