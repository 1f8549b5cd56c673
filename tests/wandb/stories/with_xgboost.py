"""XGBoost with the callback that wandb brings for it."""

import numpy as np
import wandb
import xgboost
from telling import tell
from wandb.integration.xgboost import WandbCallback

random = np.random.default_rng(7)
features = random.normal(size=(200, 4))
target = features[:, 0] * 2 - features[:, 1] + random.normal(scale=0.1, size=200)
train, held_out = xgboost.DMatrix(features[:150], target[:150]), xgboost.DMatrix(features[150:], target[150:])
with wandb.init(project="callbacks", name="xgboost") as run:
    results = {}
    xgboost.train(
        {"max_depth": 3, "eta": 0.3, "seed": 1, "nthread": 1},
        train,
        num_boost_round=8,
        evals=[(train, "train"), (held_out, "valid")],
        evals_result=results,
        verbose_eval=False,
        callbacks=[WandbCallback(log_model=False, log_feature_importance=True)],
    )
    tell(id=run.id, valid=results["valid"]["rmse"], train=results["train"]["rmse"])
