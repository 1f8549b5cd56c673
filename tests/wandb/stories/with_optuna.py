"""Optuna with the callback of optuna-integration: one run for all trials, and one for each."""

import warnings

import optuna
from optuna_integration import WeightsAndBiasesCallback
from telling import tell

warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    """A bowl."""
    x = trial.suggest_float("x", -4, 4)
    return (x - 1) ** 2 + trial.suggest_int("shift", 0, 3)


one = WeightsAndBiasesCallback(metric_name="bowl", wandb_kwargs={"project": "callbacks", "name": "optuna"})
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
study.optimize(objective, n_trials=6, callbacks=[one])
tell(values=[trial.value for trial in study.trials], xs=[trial.params["x"] for trial in study.trials])

import wandb  # noqa: E402

tell(id=wandb.run.id)
wandb.finish()

many = WeightsAndBiasesCallback(
    metric_name="bowl", wandb_kwargs={"project": "callbacks-trials", "group": "trials"}, as_multirun=True
)


@many.track_in_wandb()
def tracked(trial):
    """A bowl that logs on its own account."""
    value = objective(trial)
    wandb.log({"own": value * 2}, commit=False)
    return value


study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=4))
study.optimize(tracked, n_trials=3, callbacks=[many])
tell(trials=[trial.value for trial in study.trials])
