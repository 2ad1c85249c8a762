#!/usr/bin/env bash
# Makes the embedded model anew: make.sh CONVBERT CORPUS EVAL TEACHER WORK
#
# CORPUS, EVAL: folders of texts, see texts.py. TEACHER: all-MiniLM-L6-v2, a directory that sentence-transformers
# loads. WORK: a folder for all that comes on the way, and for the model, WORK/convbert-mini. Python's own library is
# all that the scripts need. Steps whose result is there are left out, and a step that was stopped goes on. PASSES over
# the texts are three, unless the environment says another number.
set -euo pipefail
convbert=$1 corpus=$2 eval=$3 teacher=$4 work=$5
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"

# Runs a command whose output becomes a file, once it is whole.
into() {
  local path=$1
  shift
  [ -e "$path" ] || { "$@" > "$path.partial" && mv "$path.partial" "$path"; }
}
# Runs a command that makes this file or directory itself.
make() {
  local path=$1
  shift
  [ -e "$path" ] || "$@"
}

# What is read, and the words that it is cut into.
into "$work/texts.jsonl" "$here/texts.py" "$corpus" "$eval"
make "$work/vocab.txt" "$convbert" vocab "$work/texts.jsonl" -o "$work/vocab.txt" --size 16384 --lowercase

# The teacher learns to tell how similar sentences are, and, beside that, what reviews say.
make "$work/teacher" "$convbert" train "$eval/stsb/train.jsonl" --dev "$eval/stsb/dev.jsonl" -m "$teacher" \
  --task similarity --label-field score --scale 0,5 --epochs 3 --learning-rate 5e-5 --precision bf16 \
  -o "$work/teacher" --resume
make "$work/critic" "$convbert" train "$eval/sst2/train.jsonl" --dev "$eval/sst2/dev.jsonl" -m "$teacher" \
  --task classify --epochs 3 --learning-rate 1e-4 --precision bf16 -o "$work/critic" --resume

# Vectors of all texts, sentiments of some. int8 loses nothing: Spearman on STS-B dev is 0.8945 to 0.8947 in float32.
vectors() {
  "$convbert" embed "$1" -m "$work/teacher" --precision int8 --max-length 512 -f npy -o "$2" --resume
}
make "$work/vectors.npy" vectors "$work/texts.jsonl" "$work/vectors.npy"
into "$work/asked.jsonl" "$here/sentiments.py" ask "$work/texts.jsonl"
make "$work/answers.jsonl" "$convbert" classify "$work/asked.jsonl" -m "$work/critic" --precision int8 --only-result \
  -o "$work/answers.jsonl" --resume
into "$work/labelled.jsonl" "$here/sentiments.py" join "$work/texts.jsonl" "$work/answers.jsonl" 0.95

# What is measured on after each pass.
into "$work/dev.jsonl" "$here/dev.py" "$eval"
make "$work/dev.npy" vectors "$work/dev.jsonl" "$work/dev.npy"

# TEXTS VECTORS MODEL FLAGS...
learn() {
  make "$3" "$convbert" distill "$1" --teacher-vectors "$2" --labels sentiment \
    --dev "$work/dev.jsonl" --dev-vectors "$work/dev.npy" --metric correlation \
    --batch-size 64 --relational 3 --precision bf16 --log "$3.log" --report "$3.html" -o "$3" --resume "${@:4}"
}
# First all texts, beginning with the words.
into "$work/tokens.txt" sed 's/^##//' "$work/vocab.txt"
make "$work/tokens.npy" vectors "$work/tokens.txt" "$work/tokens.npy"
learn "$work/labelled.jsonl" "$work/vectors.npy" "$work/student" \
  --config "$here/config.json" --vocab "$work/vocab.txt" --lowercase --word-vectors "$work/tokens.npy" \
  --epochs "${PASSES:-3}" --learning-rate 1.5e-3 --dropout 0
# Then those like the tasks that it is measured by, with parts of the reviews, which it knows by heart by now.
into "$work/parts.jsonl" "$here/parts.py" cut "$eval"
make "$work/parts-answers.jsonl" "$convbert" classify "$work/parts.jsonl" -m "$work/critic" --precision int8 \
  --only-result -o "$work/parts-answers.jsonl" --resume
into "$work/parts-labelled.jsonl" "$here/sentiments.py" join "$work/parts.jsonl" "$work/parts-answers.jsonl" 0.8
into "$work/mixed.jsonl" "$here/parts.py" mix "$eval" "$work/labelled.jsonl" "$work/parts-labelled.jsonl"
make "$work/mixed.npy" vectors "$work/mixed.jsonl" "$work/mixed.npy"
learn "$work/mixed.jsonl" "$work/mixed.npy" "$work/finished" --epochs 3 --learning-rate 1e-3 --dropout 0.1 \
  -m "$work/student"

# As it is linked into the program, and what it is worth.
make "$work/convbert-mini" "$convbert" convert -m "$work/finished" --dtype bf16 -o "$work/convbert-mini"
"$here/measure.py" "$convbert" "$work/convbert-mini" "$eval"
