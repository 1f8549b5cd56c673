"""A small study, with something of everything that the dashboard shows.

showcase.py"""

import math
import random

import numpy as np
import wandb
import wandb_workspaces.reports.v2 as wr
from telling import tell

PROJECT = "study"
STEPS = 60
random.seed(7)
runs = []


def learn(number, rate, optimizer):
    """One run: losses that fall, pictures now and then."""
    config = {"lr": rate, "optimizer": optimizer, "model": {"depth": 2 + number, "width": 64}}
    with wandb.init(project=PROJECT, name=f"trial-{number}", group=optimizer, config=config, tags=["study"]) as run:
        for step in range(STEPS):
            loss = math.exp(-step * rate * 4) + random.random() * 0.1
            row = {"train/loss": loss, "train/accuracy": 1 - loss / 2, "val/loss": loss * 1.1, "epoch": step // 10}
            if step % 20 == 0:
                shades = np.full((16, 16, 3), 60 + step * 3, np.uint8)
                row["samples"] = wandb.Image(shades, caption=f"step {step}")
                row["weights"] = wandb.Histogram(np.random.default_rng(step).normal(size=200))
            run.log(row)
            print(f"step {step}: \x1b[32mloss\x1b[0m {loss:.4f}")
        if number == 0:
            table = wandb.Table(columns=["digit", "right"], data=[["three", 0.9], ["eight", 0.4]])
            run.log({"examples": table, "page": wandb.Html("<p id='said'>a page of its own</p>", inject=False)})
            with open("notes.md", "w") as file:
                file.write("# Notes\n\nA **bold** word.\n")
            run.save("notes.md")
        if number < 2:
            model = wandb.Artifact("digits-net", type="model", metadata={"trial": number})
            with model.new_file("weights.txt") as file:
                file.write(f"weights of trial {number}")
            run.log_artifact(model).wait()
        runs.append({"id": run.id, "name": run.name})


for number, (rate, optimizer) in enumerate([(0.01, "sgd"), (0.05, "sgd"), (0.02, "adam"), (0.1, "adam")]):
    learn(number, rate, optimizer)

with wandb.init(project=PROJECT, name="publish", job_type="publish") as run:
    net = run.use_artifact("digits-net:v0")
    run.link_artifact(net, "wandb-registry-Model/Digits", aliases=["staging"])
    net = run.use_artifact("digits-net:v1")
    run.link_artifact(net, "wandb-registry-Model/Digits")
    entity = run.entity

report = wr.Report(
    project=PROJECT,
    entity=entity,
    title="What the study found",
    description="Four trials.",
    blocks=[
        wr.TableOfContents(),
        wr.H1("Losses"),
        wr.P(text="The rates differ."),
        wr.MarkdownBlock(text="Every trial **fell**."),
        wr.PanelGrid(
            runsets=[wr.Runset(entity, PROJECT, name="Trials")],
            panels=[
                wr.LinePlot(title="Loss by step", x="Step", y=["train/loss"]),
                wr.BarPlot(title="Best", metrics=["val/loss"]),
                wr.ScalarChart(title="Accuracy", metric="train/accuracy", groupby_aggfunc="max"),
                wr.ScatterPlot(title="Rate and loss", x=wr.Config("lr"), y=wr.SummaryMetric("train/loss")),
            ],
        ),
        wr.H2("Formula"),
        wr.LatexBlock(text="e = mc^2"),
        wr.CodeBlock(code="print('three')", language="python"),
        wr.UnorderedList(items=["one", "two"]),
        wr.CalloutBlock(text="Mind the rate."),
    ],
)
report.save()
tell(runs=runs, entity=entity, project=PROJECT, report=report.url)
