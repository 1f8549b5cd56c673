"""A run that logs for as long as a test needs, each value once, and tells how
far it is: `stream.py ROWS PAUSE_S NAME [gzip]`."""

import sys
import time

import wandb
from telling import tell

rows, pause_s, name = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
settings = wandb.Settings(
    x_file_stream_transmit_interval=1,
    x_file_stream_retry_wait_min_seconds=1,
    x_file_stream_retry_wait_max_seconds=2,
    x_graphql_retry_wait_min_seconds=1,
    x_graphql_retry_wait_max_seconds=2,
    x_file_stream_no_gzip="gzip" not in sys.argv,
)
began = time.monotonic()
with wandb.init(project="stream", name=name, settings=settings) as run:
    tell(id=run.id, init_s=time.monotonic() - began)
    for number in range(rows):
        run.log({"n": number, "square": number * number})
        print(f"row {number}")
        tell(logged=number + 1)
        if pause_s:
            time.sleep(pause_s)
    ended = time.monotonic()
tell(finish_s=time.monotonic() - ended)
