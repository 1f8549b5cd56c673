"""Hugging Face's Trainer with report_to="wandb", on a model of a few weights."""

import os

import torch
from telling import tell

os.environ["WANDB_PROJECT"] = "frameworks"
os.environ["WANDB_LOG_MODEL"] = "false"
from transformers import Trainer, TrainingArguments  # noqa: E402


class Line(torch.nn.Module):
    """y = ax + b, and its loss."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, labels):
        guess = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(guess, labels), "logits": guess}


data = [{"x": torch.tensor([float(n)]), "labels": torch.tensor([2.0 * n])} for n in range(16)]
arguments = TrainingArguments(
    output_dir="out", report_to="wandb", run_name="trainer", max_steps=8, logging_steps=2, save_strategy="no",
    per_device_train_batch_size=4, use_cpu=True, disable_tqdm=True,
)
Trainer(model=Line(), args=arguments, train_dataset=data).train()

import wandb  # noqa: E402

tell(id=wandb.run.id, keys=["train/loss", "train/learning_rate"])
wandb.finish()
