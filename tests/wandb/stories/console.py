"""Everything that a terminal gets from a training script."""

import sys
import time

import wandb
from telling import tell

run = wandb.init(project="console", name="talker", settings=wandb.Settings(x_file_stream_transmit_interval=1))
print("plain line")
print("to the other stream", file=sys.stderr)
print("two\nlines at once")
print("ünïcode ☃ 漢字")
print("\x1b[32mgreen\x1b[0m and plain")
print("x" * 3000)
print("no newline yet", end="")
print(", and now")
# A bar that is drawn over itself, slowly enough that several drawings are sent.
for done in range(0, 101, 10):
    bar = "#" * (done // 10)
    sys.stderr.write(f"\rbar {done:3d}%|{bar:<10}|")
    sys.stderr.flush()
    run.log({"done": done})
    time.sleep(0.3)  # the pace of the thing that is told, not a wait for readiness
sys.stderr.write("\n")
for number in range(200):
    print(f"line {number:03d}")
tell(id=run.id)
run.finish()
