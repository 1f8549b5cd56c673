"""What the recorder has the real wandb SDK do: one function a scenario, each run
in a process of its own with the variables of a daemon. Owns the calls; knows
nothing of how they are recorded."""

import contextlib
import os
import pathlib
import sys
import time

import wandb

PROJECT = "recorded"


def start(run_id, **settings):
    return wandb.init(project=PROJECT, id=run_id, config={"lr": 0.1, "layers": {"depth": 2}}, **settings)


def api():
    return wandb.Api(timeout=60)


def path(run_id):
    return f"{api().default_entity}/{PROJECT}/{run_id}"


def train():
    with start("rec-train", name="first", group="g", job_type="train", notes="n", tags=["a"]) as run:
        run.define_metric("loss", summary="min")
        for step in range(10):
            print("epoch", step)
            run.log({"loss": 1 / (step + 1), "nested": {"acc": step / 10}})
        run.config["late"] = 1
        run.summary["best"] = 0.1
        run.alert("high", "the loss is high", level=wandb.AlertLevel.WARN, wait_duration=60)
        pathlib.Path("notes.txt").write_text("notes\n")
        run.save("notes.txt")


def media():
    import numpy

    with start("rec-media") as run:
        run.log({
            "picture": wandb.Image(numpy.zeros((4, 4, 3), dtype=numpy.uint8)),
            "histogram": wandb.Histogram([1.0, 2.0, 2.0]),
            "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]]),
            "page": wandb.Html("<p>hello</p>"),
            "odd": float("nan"),
            "endless": float("inf"),
        })


def resume():
    with start("rec-train", resume="must") as run:
        run.log({"loss": 0.05})


def fork():
    run_id = "rec-train"
    with wandb.init(project=PROJECT, id="rec-fork", fork_from=f"{run_id}?_step=3") as run:
        run.log({"loss": 0.5})


def rewind():
    with wandb.init(project=PROJECT, resume_from="rec-train?_step=5") as run:
        run.log({"loss": 0.6})


def shared():
    settings = wandb.Settings(mode="shared", x_label="rank-0", x_primary=True)
    with start("rec-shared", settings=settings) as run:
        run.log({"loss": 1.0})


def failing():
    settings = wandb.Settings(x_file_stream_no_gzip=False)
    run = start("rec-failing", settings=settings)
    print("\rrewritten 1", end="")
    print("\rrewritten 2")
    run.log({"x": 1})
    run.mark_preempting()
    run.finish(exit_code=3)


def offline():
    run = start("rec-offline", mode="offline")
    run.log({"x": 1})
    folder = pathlib.Path(run.dir).parent
    run.finish()
    os.execvp(sys.executable, [sys.executable, "-m", "wandb", "sync", str(folder)])


def artifacts():
    pathlib.Path("model.txt").write_text("weights\n")
    with start("rec-maker") as run:
        artifact = wandb.Artifact("model-demo", type="model", description="d", metadata={"epochs": 3})
        artifact.add_file("model.txt")
        run.log_artifact(artifact, aliases=["best"]).wait()
    with start("rec-user") as run:
        run.use_artifact("model-demo:latest").download(root="down")


def artifact():
    return api().artifact(f"{PROJECT}/model-demo:v0")


def attempt(*calls):
    """What one part of pannier does not have yet keeps no other from being recorded."""
    for call in calls:
        with contextlib.suppress(wandb.errors.CommError, ValueError, TypeError):
            call()


def edit_artifact():
    changed = artifact()
    changed.aliases.append("used")
    changed.save()


def describe_artifact():
    changed = artifact()
    changed.description = "changed"
    changed.save()


def walk_artifacts():
    for kind in api().artifact_types(PROJECT):
        for collection in kind.collections():
            list(collection.artifacts()), collection.aliases


def read_artifacts():
    attempt(
        lambda: list(artifact().files()),
        lambda: artifact().logged_by(),
        lambda: artifact().used_by(),
        lambda: list(api().artifacts("model", f"{PROJECT}/model-demo")),
        lambda: api().artifact_exists(f"{PROJECT}/model-demo:v9"),
        lambda: list(api().run(path("rec-user")).used_artifacts()),
        lambda: list(api().run(path("rec-maker")).logged_artifacts()),
        lambda: api().artifact_collection("model", f"{PROJECT}/model-demo"),
        walk_artifacts,
        edit_artifact,
        describe_artifact,
        link,
        lambda: artifact().delete(delete_aliases=True),
    )


def link():
    with start("rec-linker") as run:
        run.link_artifact(run.use_artifact("model-demo:v0"), "local/other/portfolio")


def reads():
    runs = api().runs(
        f"{api().default_entity}/{PROJECT}",
        filters={"$and": [{"config.lr": 0.1}, {"summary_metrics.best": {"$lt": 1}}]},
        order="-created_at",
    )
    len(runs), [run.summary for run in runs], [run.state for run in runs]
    run = api().run(path("rec-train"))
    run.history(samples=5, pandas=False), run.history(keys=["loss"], pandas=False), run.history(stream="system")
    list(run.scan_history()), list(run.scan_history(keys=["loss"], page_size=3))
    list(run.files()), list(run.files(names=["config.yaml"])), len(run.files())
    run.file("config.yaml").download(replace=True, root="down")
    run.metadata, run.load(force=True), run.read_only
    api().viewer, list(api().projects()), api().project(PROJECT).id
    list(run.console_logs()), list(run.console_logs(last=3))


def export():
    run = api().run(path("rec-train"))
    run.download_history_exports("exports")


def updates():
    run = api().run(path("rec-train"))
    run.config["added"], run.tags, run.notes = 5, ["a", "b"], "other"
    run.display_name = "renamed"
    run.update()
    run.summary["later"] = 3
    run.summary.update()
    pathlib.Path("later.txt").write_text("later\n")
    run.upload_file("later.txt")
    run.file("later.txt").delete()
    api().create_project("another", api().default_entity)


def stop():
    run = start("rec-stopped")
    run.log({"x": 1})
    time.sleep(1)
    api().run(path("rec-stopped")).stop()
    run.finish()


def state():
    api().run(path("rec-failing")).update_state("pending")


def delete():
    api().run(path("rec-offline")).delete()


def sweep():
    attempt(lambda: wandb.sweep({"method": "random", "parameters": {"x": {"values": [1, 2]}}}, project=PROJECT))


def reports():
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    entity = api().default_entity
    report = wr.Report(project=PROJECT, title="recorded", blocks=[wr.PanelGrid(runsets=[wr.Runset(entity, PROJECT)])])
    report.save()
    report = wr.Report.from_url(report.url)
    report.save()
    report.get_share_url()
    list(api().reports(f"{entity}/{PROJECT}"))
    report.delete()
    workspace = ws.Workspace(entity=entity, project=PROJECT, name="recorded")
    workspace.save()
    ws.Workspace.from_url(workspace.url).save()


SCENARIOS = [
    train, media, resume, fork, rewind, shared, failing, offline, artifacts, reads, export,
    read_artifacts, updates, stop, state, delete, sweep, reports,
]

if __name__ == "__main__":
    {scenario.__name__: scenario for scenario in SCENARIOS}[sys.argv[1]]()
