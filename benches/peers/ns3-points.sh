#!/bin/sh
# Makes the points of tests/data/ns3 anew with bin/ns3-radio, in a new folder: sh ns3-points.sh FOLDER. It takes minutes.
set -eu
radio="$(cd "$(dirname "$0")" && pwd)/bin/ns3-radio"
folder=$1
mkdir "$folder"

# seeds FILE COUNT ARGUMENTS...: one run for each seed, its rows added to the file.
seeds() {
  file=$folder/$1
  count=$2
  shift 2
  echo "$file: $*" >&2
  for seed in $(seq "$count"); do
    rows=$("$radio" "$@" --seed "$seed")
    if [ -s "$file" ]; then echo "$rows" | tail -n +2 >>"$file"; else echo "$rows" >"$file"; fi
  done
}

# summed FILE COUNT ARGUMENTS...: the same, and then one row for each distance.
summed() {
  seeds "$@"
  awk -F, 'NR == 1 { print; next }
    { sent[$2] += $3; received[$2] += $4; if ($2 + 0 > last) last = $2 + 0; mode = $1 }
    END { for (d = 0; d <= last; d += 25) if (sent[d]) printf "%s,%d,%d,%d,%.4f\n", mode, d, sent[d], received[d], received[d] / sent[d] }' \
    "$folder/$1" >"$folder/$1.sum"
  mv "$folder/$1.sum" "$folder/$1"
}

seeds curve-none-100B-exp2.0.csv 1 curve --fading none --bytes 100 --exponent 2.0 --frames 1000
seeds curve-none-300B-exp2.2.csv 1 curve --fading none --bytes 300 --exponent 2.2 --frames 1000
seeds curve-none-300B-exp2.5.csv 1 curve --fading none --bytes 300 --exponent 2.5 --frames 1000
seeds curve-nakagami-100B-exp2.0.csv 1 curve --fading nakagami --bytes 100 --exponent 2.0 --frames 10000
seeds curve-nakagami-300B-exp2.2.csv 1 curve --fading nakagami --bytes 300 --exponent 2.2 --frames 10000
seeds curve-nakagami-500B-exp3.0.csv 1 curve --fading nakagami --bytes 500 --exponent 3.0 --frames 10000
seeds curve-nakagami-1500B-exp2.5.csv 1 curve --fading nakagami --bytes 1500 --exponent 2.5 --frames 10000
summed highway-100x20m-nakagami-400B-exp2.5.csv 20 highway --nodes 100 --spacing 20 --bytes 400 --seconds 3
summed highway-200x10m-none-300B-exp2.5.csv 20 highway --nodes 200 --spacing 10 --fading none --seconds 3
summed highway-200x10m-nakagami-300B-exp2.5.csv 20 highway --nodes 200 --spacing 10 --seconds 3
seeds clique-300B.csv 40 clique --nodes 25 --seconds 10
seeds clique-300B.csv 20 clique --nodes 50 --seconds 10
seeds clique-300B.csv 10 clique --nodes 100 --seconds 10
seeds clique-300B.csv 6 clique --nodes 150 --seconds 10
seeds clique-800B.csv 10 clique --nodes 50 --bytes 800 --seconds 10
