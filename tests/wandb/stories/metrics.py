"""Values of every kind, metrics with rules, and a config that changes."""

import wandb
from telling import tell

run = wandb.init(project="metrics", name="kinds", config={"first": 1, "nest": {"a": 1, "b": 2}})
run.define_metric("round")
run.define_metric("val/*", step_metric="round")
run.define_metric("peak", summary="max")
run.define_metric("low", summary="min")
run.define_metric("spread", summary="min,max,mean,last")
run.define_metric("hushed", summary="none")

run.config.update({"first": 2, "second": [1, "two", None]}, allow_val_change=True)
run.config["third"] = True
run.config["none"] = None

for number, value in enumerate([3.0, 9.0, 6.0]):
    run.log(
        {
            "round": number * 10,
            "val/error": value,
            "peak": value,
            "low": value,
            "spread": value,
            "hushed": value,
            "tree": {"branch": {"leaf": number}, "other": -number},
        }
    )
run.log({"nan": float("nan"), "up": float("inf"), "down": float("-inf")})
run.log({"text": "näïve ☃", "yes": True, "no": False, "big": 2**53 + 1, "small": 5e-324, "huge": 1.7e308})
run.log({"with space": 1, "with.dot": 2, "with/slash": 3, "ключ": 4, "quo\"te": 5})
run.log({"list": [1, 2.5, "three", None], "empty": {}, "nothing": None})
run.log({"jumped": 1}, step=50)
run.log({"part": 1}, commit=False)
run.log({"whole": 2})
run.log({"ignored": 1}, step=3)  # the past is closed: the SDK warns and drops it
run.log({"last": 1}, step=60)
run.summary["own"] = "set by hand"
run.summary.update({"deep": {"er": {"still": 1}}})
tell(id=run.id)
run.finish()
