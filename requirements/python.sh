#!/usr/bin/env bash
# Prints the interpreter that environments are made with: $PYTHON, or the first usable one here. Ends with what is wrong.
set -euo pipefail

if [[ -n ${PYTHON:-} ]]; then candidates=("$PYTHON"); else candidates=(python3.11 python3.12 python3.13 python3); fi
for candidate in "${candidates[@]}"; do
  if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
  then
    echo "$candidate"
    exit
  fi
done
cat >&2 <<END
No usable Python among: ${candidates[*]}.
This project needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian and Ubuntu: the package python3-venv).
Another interpreter is named so: make PYTHON=/path/to/python3.11 TARGET
END
exit 1
