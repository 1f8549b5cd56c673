#!/bin/bash
#SBATCH --job-name=long
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append

# Two minutes before the time is up SLURM tells this shell, which tells the
# training to stop, and puts the job back into the queue.
again() {
    kill -USR1 "$run"
    wait "$run"
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
}
trap again USR1

pannier run --resume --folder "$SCRATCH/pannier" -- python train.py &
run=$!
trap 'kill -TERM "$run"' TERM
wait "$run"
