#!/usr/bin/env bash
# Guess: pip install rliable gives what import rliable needs.
# Seen with rliable 1.2.0, arch 7.2.0, pandas 3.1.1: "TypeError: deprecate_kwarg() missing 1 required positional
# argument" from arch, before anything of rliable runs. Rliable wants arch below 8; arch 7 wants pandas 1.4 or newer
# without an upper bound, and uses a private decorator of pandas whose arguments changed in pandas 3. With pandas 2.3.3
# it imports.
# Why it matters: the intervals that comparisons of optimizers report come from rliable. An environment that was
# resolved anew cannot compute them; pin pandas below 3.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile rliable==1.2.0 arch==7.2.0 pandas==3.1.1

if "$folder/venv/bin/python" -c 'import rliable.library' 2> "$folder/errors"; then
  echo 'rliable imports beside pandas 3' >&2
  exit 1
fi
tail -n 1 "$folder/errors"
grep -q 'deprecate_kwarg() missing 1 required positional argument' "$folder/errors"

"$folder/venv/bin/pip" install --quiet --no-compile pandas==2.3.3
"$folder/venv/bin/python" -c 'import rliable.library; print("with pandas 2.3.3: imported")'
