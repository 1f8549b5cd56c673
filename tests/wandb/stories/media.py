"""One of each kind of media, the small ones made here."""

import io
import struct
import wave

import numpy as np
import plotly.graph_objects as go
import wandb
from PIL import Image
from telling import tell

run = wandb.init(project="media", name="gallery")

shades = np.arange(64, dtype=np.uint8).reshape(8, 8)
run.log({"picture": wandb.Image(shades, caption="shades")})
run.log({"pictures": [wandb.Image(np.full((4, 4, 3), shade, np.uint8), caption=str(shade)) for shade in (0, 99, 200)]})
box = {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.1, "maxY": 0.5}, "class_id": 1}
boxes = {"predictions": {"box_data": [box], "class_labels": {1: "thing"}}}
masks = {"truth": {"mask_data": np.eye(8, dtype=np.uint8)}}
run.log({"boxed": wandb.Image(shades, boxes=boxes, masks=masks)})

run.log({"spread": wandb.Histogram([1, 2, 2, 3, 3, 3], num_bins=3)})
run.log({"counted": wandb.Histogram(np_histogram=(np.array([4, 5]), np.array([0.0, 1.0, 2.0])))})

table = wandb.Table(columns=["name", "score", "shot"])
for number in range(3):
    table.add_data(f"row {number}", number / 4, wandb.Image(np.full((2, 2, 3), number, np.uint8)))
run.log({"results": table})
plain = wandb.Table(columns=["x", "y"], data=[[0, 0.5], [1, 0.25], [2, 0.125]])
run.log({"curve": wandb.plot.line(plain, "x", "y", title="a curve")})

with wave.open("beep.wav", "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(8000)
    file.writeframes(struct.pack("<800h", *(index * 30 % 3000 for index in range(800))))
run.log({"sound": wandb.Audio("beep.wav", caption="a beep")})

frames = [Image.fromarray(np.full((6, 6), shade, np.uint8)) for shade in (0, 120, 240)]
frames[0].save("film.gif", save_all=True, append_images=frames[1:])
run.log({"film": wandb.Video("film.gif", caption="three frames")})

run.log({"page": wandb.Html("<p>a <b>page</b></p>", inject=False)})
run.log({"chart": go.Figure(data=[go.Bar(x=["a", "b"], y=[1, 2])])})
run.log({"cloud": wandb.Object3D(np.array([[0, 0, 0], [1, 1, 1], [2, 0, 2]], dtype=float))})
run.log({"letter": wandb.Image(Image.open(io.BytesIO(open("film.gif", "rb").read())).convert("RGB"))})
tell(id=run.id, shades=shades.tolist())
run.finish()
