"""One of several writers of one run: `shared.py RUN RANK WRITERS FOLDER`."""

import pathlib
import sys
import time

import wandb
from telling import tell

run_id, rank, writers, meeting = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), pathlib.Path(sys.argv[4])
run = wandb.init(
    project="shared",
    id=run_id,
    name="together",
    settings=wandb.Settings(
        mode="shared",
        x_label=f"rank {rank}",
        x_primary=rank == 0,
        x_update_finish_state=rank == 0,
        x_file_stream_transmit_interval=1,
        x_stats_sampling_interval=0.5,
    ),
)


def meet(place):
    """Waits until every writer is at this place."""
    (meeting / f"{place}-{rank}").touch()
    end = time.monotonic() + 90
    while len(list(meeting.glob(f"{place}-*"))) < writers:
        if time.monotonic() > end:
            raise SystemExit(f"the others did not come to {place}")
        time.sleep(0.02)


meet("begin")
print(f"rank {rank} speaks")
for number in range(20):
    run.log({f"rank{rank}/n": number, "common": rank * 1000 + number})
tell(id=run.id)
if rank == 0:
    meet("done")
    run.finish()
else:
    run.finish()
    meet("done")
