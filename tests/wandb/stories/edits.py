"""Runs that are changed from outside after their end, and one that is removed."""

import pathlib

import wandb
from telling import tell

with wandb.init(project="edits", name="before", config={"kept": 1, "changed": 1}, tags=["old"]) as run:
    edited = run.id
    run.log({"n": 1})
with wandb.init(project="edits", name="doomed") as run:
    doomed = run.id
    run.log({"n": 2})

api = wandb.Api()
found = api.run(f"edits/{edited}")
found.config["changed"] = 2
found.config["added"] = {"deep": [1, 2]}
found.tags.append("new")
found.notes = "written later"
found.name = "after"
found.group = "moved"
found.update()
found.summary["late"] = 12.5
found.summary.update()
pathlib.Path("more").mkdir()
pathlib.Path("more/extra.bin").write_bytes(bytes(range(256)) * 100)
uploaded = found.upload_file("more/extra.bin")
pathlib.Path("passing.txt").write_text("not for long")
found.upload_file("passing.txt")
found.file("passing.txt").delete()
tell(uploaded=uploaded.name, uploaded_size=uploaded.size)

api.run(f"edits/{doomed}").delete()
tell(edited=edited, doomed=doomed)
