"""LightGBM with the callback that wandb brings for it."""

import lightgbm
import numpy as np
import wandb
from telling import tell
from wandb.integration.lightgbm import log_summary, wandb_callback

random = np.random.default_rng(7)
features = random.normal(size=(200, 4))
target = (features[:, 0] + features[:, 1] > 0).astype(int)
train = lightgbm.Dataset(features[:150], target[:150])
held_out = lightgbm.Dataset(features[150:], target[150:], reference=train)
parameters = {"objective": "binary", "metric": "binary_logloss", "num_leaves": 5, "num_threads": 1, "verbosity": -1}
with wandb.init(project="callbacks", name="lightgbm") as run:
    results = {}
    model = lightgbm.train(
        parameters,
        train,
        num_boost_round=8,
        valid_sets=[held_out],
        valid_names=["valid"],
        callbacks=[wandb_callback(), lightgbm.record_evaluation(results)],
    )
    log_summary(model, save_model_checkpoint=False)
    tell(id=run.id, valid=results["valid"]["binary_logloss"])
