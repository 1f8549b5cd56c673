"""The same training, whichever package is imported; and the same reading.

either.py train TRACKER, either.py read TRACKER PATH"""

import sys

from telling import tell


def plain(value):
    """A value, with dicts of their own kind as dicts."""
    return {key: plain(value[key]) for key in value.keys()} if hasattr(value, "keys") else value


what, tracker, *rest = sys.argv[1:]
if tracker == "pannier":
    import pannier as wandb
else:
    import wandb

if what == "train":
    config = {"lr": 0.1, "opt": {"name": "adam"}}
    with wandb.init(project="either", name="same", config=config, tags=["t"], group="g") as run:
        run.define_metric("best", summary="max")
        for step in range(20):
            run.log({"loss": 1 / (step + 1), "best": step % 7, "tree": {"leaf": step}, "word": f"w{step}"})
        run.summary["by_hand"] = 5
        print("said on the console")
    tell(path=f"{run.entity}/{run.project}/{run.id}")
else:
    run = wandb.Api().run(rest[0])
    summary = {key: plain(value) for key, value in dict(run.summary).items() if not key.startswith("_")}
    summary.pop("tree", None), summary.pop("tree.leaf", None)
    rows = [{key: row[key] for key in sorted(row) if key not in ("_runtime", "_timestamp")} for row in run.scan_history()]
    made = {"config.yaml", "output.log", "requirements.txt", "wandb-metadata.json", "wandb-summary.json"}
    found = wandb.Api().runs(rest[0].rsplit("/", 1)[0], filters={"config.opt.name": "adam", "summary_metrics.by_hand": 5})
    tell(
        state=run.state,
        name=run.name,
        tags=list(run.tags),
        group=run.group,
        config=dict(run.config),
        summary=summary,
        last=run.lastHistoryStep,
        rows=rows,
        files=sorted(made & {file.name for file in run.files()}),
        program=(run.metadata or {}).get("program", "").rsplit("/", 1)[-1],
        said="said on the console" in [line.content for line in run.console_logs()],
        found=run.id in [other.id for other in found],
    )
