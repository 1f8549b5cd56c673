"""What the tests of W&B's SDK share: real daemons and hubs, and the running of
scripts against them. Knows nothing of what the scripts log."""
