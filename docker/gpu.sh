#!/usr/bin/env bash
# Says whether containers can use NVIDIA's GPUs here, before an image for them is made: docker/gpu.sh ENGINE...
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

"$here/../requirements/nvidia_driver.sh" --required
[[ ${NVIDIA_DRIVER:-} != unchecked ]] || exit 0
for program in nvidia-container-runtime-hook nvidia-container-runtime nvidia-container-cli nvidia-ctk; do
  if command -v "$program" >/dev/null; then exit 0; fi
done
if "$@" info 2>/dev/null | grep -q nvidia; then exit 0; fi
cat >&2 <<'END'
error: the NVIDIA container toolkit is not found here, and without it no container sees a GPU: install its package
nvidia-container-toolkit
To go on without this check: NVIDIA_DRIVER=unchecked
END
exit 1
