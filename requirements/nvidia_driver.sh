#!/usr/bin/env bash
# Says whether NVIDIA's driver here is new enough for the locked packages for GPUs, before these are fetched.
#
#   requirements/nvidia_driver.sh              a driver too old is an error; none at all is only told, as on the login
#                                              node of a cluster
#   requirements/nvidia_driver.sh --required   none at all is an error too
# NVIDIA_DRIVER=unchecked leaves all this out, where the machine that computes is another one.
set -euo pipefail

# What CUDA 12 asks for on Linux, by JAX's and NVIDIA's documentation.
LEAST=525.60.13

fail() {
  printf 'error: %s\n%s\n' "$1" 'To go on without this check: NVIDIA_DRIVER=unchecked' >&2
  exit 1
}

[[ ${NVIDIA_DRIVER:-} != unchecked ]] || exit 0
if ! found=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null) || [[ -z $found ]]; then
  missing="no NVIDIA driver answers here (nvidia-smi): a GPU needs driver $LEAST or newer"
  [[ ${1:-} != --required ]] || fail "$missing"
  echo "  note: $missing"
elif ! printf '%s\n' "$LEAST" "$found" | sort --version-sort --check=quiet; then
  fail "NVIDIA's driver is ${found%%$'\n'*} here, and the packages for GPUs need $LEAST or newer: update the driver first"
fi
