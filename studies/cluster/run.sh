#!/usr/bin/env bash
# bash studies/cluster/run.sh CHECKPOINTS OUT: a base and ten checkpoints on six benchmarks, then what came of it.
#   CHECKPOINTS  folder of step-50 ... step-500 in Hugging Face form, at the same path on every machine
#   OUT          where the runs go: s3://bucket/cluster, or a folder on a disk that every machine sees
# Given again after any end, it goes on: a run draws what it still owes. BASE is another base model.
set -euo pipefail
checkpoints=$1 out=$2 base=${BASE:-Qwen/Qwen2.5-7B} here=$(dirname "$0")
steps="50 100 150 200 250 300 350 400 450 500"
# Each benchmark has its share of 64 GPUs, by its number of problems, so that all six are done at about the same time.
shares="gsm8k:30 olympiadbench:15 math500:11 minerva:6 amc23:1 aime24:1"
mkdir -p out/cluster/done

# draw SET REPLICAS PORT MODEL NAME SEED: a run that is whole is passed by, since going on with it would load the model.
draw() {
  [ -e "out/cluster/done/$1-$5" ] || {
    beyondbase sample --config "$here/study.toml" --problems "$1" --replicas "$2" --status-port "$3" \
      --model "$4" --seed "$6" --out "$out/$1/$5" 2>> "out/cluster/$1.log" && touch "out/cluster/done/$1-$5"
  }
}

# Each model has a seed of its own: a comparison of runs that share their noise is refused.
all_models() {
  local failed=0
  draw "$@" "$base" base 0 || failed=1
  for step in $steps; do draw "$@" "$checkpoints/step-$step" "step-$step" "$step" || failed=1; done
  return $failed
}

port=8900 lanes=() failed=0
for share in $shares; do
  all_models "${share%:*}" "${share#*:}" "$port" &
  lanes+=($!) port=$((port + 1))
done
for lane in "${lanes[@]}"; do wait "$lane" || failed=1; done
[ $failed = 0 ] || { echo "some runs are not whole: see out/cluster/*.log, and give the same command again" >&2; exit 1; }

for share in $shares; do
  set=${share%:*} runs=()
  for step in $steps; do runs+=("$out/$set/step-$step"); done
  beyondbase models --base "$out/$set/base" --rl "${runs[@]}" --out "out/cluster/$set/models"
  beyondbase analyze --base "$out/$set/base" --rl "$out/$set/step-500" --out "out/cluster/$set/step-500"
done
