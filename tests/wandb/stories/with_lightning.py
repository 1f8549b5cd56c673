"""Lightning with its WandbLogger."""

import lightning
import torch
from lightning.pytorch.loggers import WandbLogger
from telling import tell


class Line(lightning.LightningModule):
    """y = ax + b."""

    def __init__(self):
        super().__init__()
        self.save_hyperparameters({"rate": 0.1})
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, _):
        (x,) = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), x * 2)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


logger = WandbLogger(project="frameworks", name="lightning", log_model=False)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(16, 1)), batch_size=4)
trainer = lightning.Trainer(
    max_epochs=2, logger=logger, log_every_n_steps=1, accelerator="cpu", enable_progress_bar=False,
    enable_checkpointing=False, enable_model_summary=False,
)
trainer.fit(Line(), data)
tell(id=logger.experiment.id, keys=["loss"])
logger.experiment.finish()
