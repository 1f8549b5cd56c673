"""Three small runs of one project, with numbers that can be told apart."""

import wandb
from telling import tell

RUNS = {
    "alpha": {"rate": 0.5, "rows": 30, "tags": ["even", "first"], "group": "left"},
    "beta": {"rate": 0.25, "rows": 12, "tags": ["odd"], "group": "left"},
    "gamma": {"rate": 0.125, "rows": 7, "tags": ["even"], "group": "right"},
}

ids = {}
for name, plan in RUNS.items():
    with wandb.init(
        project="basics",
        name=name,
        notes=f"the notes of {name}",
        tags=plan["tags"],
        group=plan["group"],
        job_type="fit",
        config={"rate": plan["rate"], "layers": [8, 4], "optimizer": {"name": "sgd", "momentum": 0.9}},
    ) as run:
        ids[name] = run.id
        print(f"{name} begins")
        for step in range(plan["rows"]):
            run.log({"error": plan["rate"] * (step + 1), "half": step // 2, "whole": float(step)})
        run.summary["score"] = plan["rate"] * 100
        run.summary["words"] = {"of": name}
        print(f"{name} ends")
        tell(entity=run.entity, project=run.project, url=run.url)
tell(ids=ids, runs=RUNS)
