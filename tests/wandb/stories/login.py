"""What the SDK says to a key that is not right."""

import wandb
from telling import tell

try:
    wandb.Api().viewer
except Exception as error:  # whatever it is: the test looks at its name
    tell(api=[type(error).__name__, str(error)])
try:
    wandb.init(project="login", settings=wandb.Settings(init_timeout=20))
except Exception as error:
    tell(init=[type(error).__name__, str(error)])
