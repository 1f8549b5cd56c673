#!/bin/bash
#SBATCH --job-name=wide
#SBATCH --time=04:00:00
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --requeue
#SBATCH --open-mode=append

# srun starts it for each rank: the eight of a node share one home and one daemon.
srun pannier run --resume --folder "$SCRATCH/pannier" -- python train.py
