"""A run, a fork of it, and its own rewinding."""

import sys

import wandb
from telling import tell


def log(run, begin, end, factor):
    """Rows `begin..end`, whose values say which branch they are of."""
    for step in range(begin, end):
        run.log({"n": step * factor}, step=step)


with wandb.init(project="branches", name="trunk", config={"of": "trunk"}) as run:
    trunk = run.id
    log(run, 0, 10, 1)
with wandb.init(project="branches", name="to rewind", config={"of": "rewound"}) as run:
    rewound = run.id
    log(run, 0, 10, 1)
tell(trunk=trunk, rewound=rewound)

if "fork" in sys.argv:
    with wandb.init(project="branches", name="fork", fork_from=f"{trunk}?_step=4") as run:
        tell(fork=run.id, fork_start=run.starting_step)
        log(run, 5, 8, 100)
if "rewind" in sys.argv:
    with wandb.init(project="branches", resume_from=f"{rewound}?_step=6") as run:
        tell(rewound_id=run.id, rewound_start=run.starting_step)
        log(run, 7, 9, 1000)
