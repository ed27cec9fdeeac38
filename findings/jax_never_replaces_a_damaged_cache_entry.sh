#!/usr/bin/env bash
# Guess: an entry of JAX's persistent compilation cache that was cut short, as by a process that was killed while it
# wrote, is noticed, compiled anew and written again, so that only one start is slow.
# Seen with jax 0.10.2 on an AMD EPYC CPU (x86-64), three starts after the entry was cut to half of its bytes: each says
#   Error reading persistent compilation cache entry for 'jit_step': ... incomplete or truncated stream
# and compiles anew; the file keeps its half. What is there already is not written again, whatever it holds. The results
# are right each time.
# Why it matters: searches and studies start many processes over one cache, and are interrupted. From the wrong moment on
# the program that costs most to compile is compiled at every start, and every start warns. Removing the file mends it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 numpy==2.4.6

cat > "$folder/start.py" <<'PYTHON'
import sys
import warnings

import jax
import jax.numpy as jnp

jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


def step(x):
    return jnp.sin(x) * 2


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    result = float(jax.jit(step)(jnp.ones(8))[0])
assert abs(result - 1.682942) < 1e-6, result
for each in caught:
    print(f"warns: {each.message}")
PYTHON

start() {
  JAX_PLATFORMS=cpu "$folder/venv/bin/python" "$folder/start.py" "$folder/cache"
}

start
entry=$(echo "$folder"/cache/jit_step-*-cache)
whole=$(stat -c %s "$entry")
echo "with a whole entry of $whole bytes: $(start | wc -l) warnings"
test -z "$(start)"
truncate -s $((whole / 2)) "$entry"
for number in 1 2 3; do
  said=$(start)
  echo "start $number: $said; the entry has $(stat -c %s "$entry") bytes"
  [[ $said == *"Error reading persistent compilation cache entry"* ]]
  test "$(stat -c %s "$entry")" -eq $((whole / 2))
done
rm "$entry"
test -z "$(start)"
test "$(stat -c %s "$entry")" -eq "$whole"
echo "once the entry was removed: written again, no warning"
