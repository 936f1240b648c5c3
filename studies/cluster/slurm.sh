#!/usr/bin/env bash
# sbatch studies/cluster/slurm.sh CHECKPOINTS OUT: a Ray cluster for as long as the job lives, and the study on it.
# Eight machines with eight GPUs each. OUT is a folder on the shared disk, or an object store's URL.
# Given again after the time limit, or after Slurm has put it back into the queue, it goes on.
#SBATCH --job-name=beyondbase
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --mem=0
#SBATCH --exclusive
#SBATCH --time=72:00:00
#SBATCH --requeue
#SBATCH --no-kill
#SBATCH --open-mode=append
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?give this to sbatch}"
source "${VENV:-.venv}/bin/activate"  # on the shared disk, with beyondbase[ray,s3] and vllm

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export RAY_ADDRESS="$head:$((20000 + SLURM_JOB_ID % 10000))" RAY_TMPDIR="/tmp/ray-$SLURM_JOB_ID"
export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=600 RAY_USAGE_STATS_ENABLED=0 OMP_NUM_THREADS=1

# Ray's own command for such a job: a head on the machine of the address, workers on the others, the study on the head,
# and all ends with it. A machine that fails ends its own task alone; its replicas wait until they find room again.
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
  --kill-on-bad-exit=0 --no-kill \
  ray symmetric-run --address "$RAY_ADDRESS" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus=8 -- bash studies/cluster/run.sh "$@"
