#!/bin/sh
# Makes the points of tests/data/ns3 anew with bin/ns3-radio, in a new folder: sh ns3-points.sh FOLDER. It takes minutes.
# A row for each seed; rows of one distance, or of one number of nodes, are to be summed.
set -eu
radio="$(cd "$(dirname "$0")" && pwd)/bin/ns3-radio"
folder=$1
mkdir "$folder"

# points FILE SEEDS ARGUMENTS...: one run a seed, added to the file.
points() {
  file=$folder/$1
  seeds=$2
  shift 2
  echo "$file: $*" >&2
  for seed in $(seq "$seeds"); do
    rows=$("$radio" "$@" --seed "$seed")
    if [ -s "$file" ]; then echo "$rows" | tail -n +2 >>"$file"; else echo "$rows" >"$file"; fi
  done
}

points curve-none-100B-exp2.0.csv 1 curve --fading none --bytes 100 --exponent 2.0 --frames 1000
points curve-none-300B-exp2.5.csv 1 curve --fading none --bytes 300 --exponent 2.5 --frames 1000
points curve-nakagami-100B-exp2.0.csv 1 curve --fading nakagami --bytes 100 --exponent 2.0 --frames 10000
points curve-nakagami-500B-exp3.0.csv 1 curve --fading nakagami --bytes 500 --exponent 3.0 --frames 10000
points curve-nakagami-1500B-exp2.5.csv 1 curve --fading nakagami --bytes 1500 --exponent 2.5 --frames 10000
points clique-300B.csv 20 clique --nodes 25 --bytes 300 --seconds 10
points clique-300B.csv 20 clique --nodes 50 --bytes 300 --seconds 10
points highway-100x20m-nakagami-400B-exp2.5.csv 6 highway --nodes 100 --spacing 20 --fading nakagami --bytes 400 --seconds 3
points highway-200x10m-none-300B-exp2.5.csv 6 highway --nodes 200 --spacing 10 --fading none --bytes 300 --seconds 3
points highway-200x10m-nakagami-300B-exp2.5.csv 6 highway --nodes 200 --spacing 10 --fading nakagami --bytes 300 --seconds 3
points clique-800B.csv 10 clique --nodes 50 --bytes 800 --seconds 10
points clique-300B.csv 10 clique --nodes 100 --bytes 300 --seconds 10
points clique-300B.csv 6 clique --nodes 150 --bytes 300 --seconds 10
