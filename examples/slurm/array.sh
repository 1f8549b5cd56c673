#!/bin/bash
#SBATCH --job-name=sweep
#SBATCH --time=01:00:00
#SBATCH --array=0-2
#SBATCH --requeue
#SBATCH --open-mode=append

rates=(0.1 0.01 0.001)
exec pannier run --resume --folder "$SCRATCH/pannier" -- python train.py --lr "${rates[$SLURM_ARRAY_TASK_ID]}"
