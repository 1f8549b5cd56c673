"""The same media, whichever package is imported; and the same reading.

pictures.py log TRACKER, pictures.py read TRACKER PATH"""

import struct
import sys
import wave

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from telling import tell

what, tracker, *rest = sys.argv[1:]
if tracker == "pannier":
    import pannier as wandb
else:
    import wandb


def log():
    shades = np.arange(64, dtype=np.uint8).reshape(8, 8)
    with wave.open("beep.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<80h", *range(80)))
    Image.fromarray(shades).save("film.gif")
    with wandb.init(project="pictures", name="same") as run:
        run.log({"loss": 0.5, "picture": wandb.Image(shades, caption="shades")})
        run.log({"pictures": [wandb.Image(np.full((4, 4, 3), shade), caption=str(shade)) for shade in (0, 99)]})
        run.log({"found": wandb.Image("film.gif", grouping=3)})
        run.log({"photo": wandb.Image(np.full((4, 4, 4), 9), file_type="jpg")})
        box = {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.1, "maxY": 0.5}, "class_id": 1}
        boxes = {"predictions": {"box_data": [box], "class_labels": {1: "thing"}}}
        masks = {"truth": {"mask_data": np.eye(8, dtype=np.uint8), "class_labels": {1: "thing"}}}
        run.log({"boxed": wandb.Image(shades, boxes=boxes, masks=masks)})
        run.log({"some": [wandb.Image(shades, boxes=boxes, masks=masks), wandb.Image(shades)]})
        run.log({"spread": wandb.Histogram([1, 2, 2, 3, 3, 3], num_bins=3)})
        run.log({"sound": wandb.Audio("beep.wav", caption="a beep")})
        run.log({"film": wandb.Video("film.gif")})
        run.log({"part/page": wandb.Html("<p>a <b>page</b></p>", inject=False)})
        run.log({"chart": go.Figure(data=[go.Bar(x=["a", "b"], y=[1, 2])], layout={"template": "none"})})
        table = wandb.Table(columns=["name", "score", "shot"])
        for number in range(3):
            table.add_data(f"row {number}", number / 4, wandb.Image(np.full((2, 2, 3), number, np.uint8)))
        run.log({"results": table})
        draft = wandb.Artifact("held", "dataset")
        draft.add(wandb.Table(columns=["x", "y"], data=[[1, True], [2, None]]), "t")
        run.log_artifact(draft).wait()
        tell(path=f"{run.entity}/{run.project}/{run.id}")


def said(value):
    """Without what is made up anew at each logging."""
    if isinstance(value, dict) or hasattr(value, "keys"):
        return {key: said(value[key]) for key in sorted(value.keys()) if "artifact_path" not in key}
    return value


def read(path):
    run = wandb.Api().run(path)
    rows = [{key: said(row[key]) for key in sorted(row) if key not in ("_runtime", "_timestamp")} for row in run.scan_history()]
    tables = {}
    for artifact in run.logged_artifacts():
        name = "t" if artifact.type == "dataset" else "results"
        found = artifact.get(name)
        cells = [[list(c.image.getdata()) if hasattr(c, "image") else c for c in row] for row in found.data]
        tables[artifact.name.replace(run.id, "ID")] = [artifact.type, found.columns, cells]
    tell(
        rows=rows,
        files=sorted((file.name, file.size) for file in run.files() if file.name.startswith("media/")),
        tables=tables,
        summary={key: said(value) for key, value in dict(run.summary).items() if not key.startswith("_")},
        addressed=sorted(key for key in dict(run.summary)["results"].keys() if "artifact_path" in key),
    )


log() if what == "log" else read(*rest)
