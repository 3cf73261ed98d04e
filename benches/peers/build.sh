#!/bin/sh
# Builds what this machine can build of the programs that `roadveil bench peers` runs beside roadveil, into bin/.
# ns-3 is Debian's: apt-get install libns3-dev libgsl-dev
set -u
cd "$(dirname "$0")" || exit 1
mkdir -p bin
failed=0

if pkg-config --exists ns3-wave 2>/dev/null || [ -e /usr/include/ns3/wave-module.h ] || ls /usr/include/ns3*/ns3/wave-module.h >/dev/null 2>&1; then
  libraries=""
  for module in core network mobility propagation wifi wave spectrum antenna energy stats internet applications \
    traffic-control bridge config-store buildings csma point-to-point mpi; do
    found=$(ls /usr/lib/*/libns3-$module.so /usr/lib/libns3-$module.so /usr/local/lib/libns3-$module.so 2>/dev/null | head -n 1)
    [ -n "$found" ] && libraries="$libraries $found"
  done
  # shellcheck disable=SC2086
  if g++ -O2 -std=c++17 ns3/radio.cc -o bin/ns3-radio $libraries; then echo "built bin/ns3-radio"; else failed=1; fi
else
  echo "no ns-3 here: apt-get install libns3-dev libgsl-dev, then run this again" >&2
fi

for crate in nexosim turmoil; do
  if cargo build --release --locked --manifest-path "$crate/Cargo.toml" --target-dir target; then
    cp "target/release/$crate-beacons" bin/ && echo "built bin/$crate-beacons"
  else
    failed=1
  fi
done
exit "$failed"
