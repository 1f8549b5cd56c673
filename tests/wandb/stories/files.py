"""Files saved with each policy; restored by the run and by another."""

import pathlib

import wandb
from telling import tell

run = wandb.init(project="files", name="keeper")
folder = pathlib.Path("kept")
(folder / "deep").mkdir(parents=True)
(folder / "live.txt").write_text("first\n")
(folder / "end.txt").write_text("too early\n")
(folder / "now.txt").write_text("as it was\n")
(folder / "deep" / "ü name.txt").write_text("a name that needs quoting\n")
(folder / "empty.txt").write_text("")
(folder / "large.bin").write_bytes(bytes(index * 7 % 256 for index in range(3_000_000)))

run.save("kept/live.txt", base_path="kept", policy="live")
run.save("kept/end.txt", base_path="kept", policy="end")
run.save("kept/now.txt", base_path="kept", policy="now")
run.save("kept/deep/*.txt", base_path="kept", policy="now")
run.save("kept/empty.txt", base_path="kept")
run.save("kept/large.bin", base_path="kept")
run.log({"n": 1})
(folder / "live.txt").write_text("first\nsecond\n")
(folder / "end.txt").write_text("at the end\n")
tell(id=run.id)
run.finish()

with wandb.init(project="files", name="reader") as reader:
    path = f"{reader.entity}/files/{run.id}"
    restored = wandb.restore("now.txt", run_path=path, root="restored")
    tell(restored=restored.read(), reader=reader.id)
