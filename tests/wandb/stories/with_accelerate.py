"""Accelerate with log_with="wandb"."""

import torch
from accelerate import Accelerator
from telling import tell

accelerator = Accelerator(log_with="wandb", cpu=True)
accelerator.init_trackers("frameworks", config={"rate": 0.1}, init_kwargs={"wandb": {"name": "accelerate"}})
model = torch.nn.Linear(1, 1)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.01))
for step in range(8):
    x = torch.ones(4, 1)
    loss = torch.nn.functional.mse_loss(model(x), x * 2)
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"loss": loss.item()}, step=step)
tell(id=accelerator.get_tracker("wandb").tracker.id, keys=["loss"])
accelerator.end_training()
