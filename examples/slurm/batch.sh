#!/bin/bash
#SBATCH --job-name=train
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append

# The last command, and by exec: what SLURM tells the batch shell, pannier hears.
exec pannier run --resume --folder "$SCRATCH/pannier" -- python train.py
