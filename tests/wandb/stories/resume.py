"""One run in several sittings, by every way to say so."""

import wandb
from telling import tell


def sitting(name, count, **options):
    """Goes on for `count` rows; says what it found."""
    with wandb.init(project="resume", id=name, **options) as run:
        found = {"resumed": run.resumed, "start": run.starting_step, "config": dict(run.config)}
        found["summary"] = run.summary["n"] if run.resumed else None
        for offset in range(count):
            run.log({"n": run.starting_step + offset})
        print(f"{name} went on for {count}")
    return found


def refused(**options):
    """The error of an init that must not succeed."""
    try:
        wandb.init(project="resume", **options)
    except wandb.errors.UsageError as error:
        return str(error)
    raise SystemExit(f"this was not refused: {options}")


tell(
    new=sitting("sittings", 3, resume="allow", config={"a": 1}, tags=["kept"]),
    allow=sitting("sittings", 2, resume="allow", config={"b": 2}),
    must=sitting("sittings", 4, resume="must"),
    again=sitting("sittings", 1, resume="must", config={"c": 3}),
)
tell(
    must_nothing=refused(id="nobody", resume="must"),
    never_again=refused(id="sittings", resume="never"),
    never_new=sitting("fresh", 2, resume="never"),
)
