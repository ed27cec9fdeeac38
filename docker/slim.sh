#!/usr/bin/env bash
# Takes out of .venv what no run reads: headers for C++ compilers, and some large packages' own tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.venv/lib"/python3.*/site-packages

rm -rf tensorflow/include
# Not everywhere: h5py cannot be imported without its own.
for package in matplotlib numpy pandas pyarrow scipy sklearn; do
  find "$package" -type d -name tests -prune -exec rm -rf {} +
done
