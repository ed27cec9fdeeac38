#!/usr/bin/env bash
# Makes .venv from a lock with hashes, then adds what it lacks of further ones: requirements/install.sh LOCK [LOCK...]
#
# LOCK is the name of a file in this folder. The first one, cpu or gpu, is what .venv begins with; dev and torch-cpu are
# added to it. .venv/contents lists what was installed, each lock with its SHA-256. It is not there while anything is
# being installed, so a set-up that was cut off begins again from nothing, as does one whose locks have changed since.
# Nothing is said, and nothing done, where nothing is missing. PYTHON names the interpreter that .venv is made with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

CONTENTS=.venv/contents
UNFINISHED=.venv/contents-unfinished
RUN=.venv/bin/python
LOG=.venv/pip.log

main() {
  local first=$1 lock
  for lock in "$@"; do
    if [[ ! -f requirements/$lock.txt ]]; then
      echo "error: no lock requirements/$lock.txt: LOCK is cpu or gpu" >&2
      exit 1
    fi
  done
  if ! is_whole || ! holds "$first"; then make_anew "$first"; fi
  show_the_packages
  for lock in "${@:2}"; do
    if ! holds "$lock"; then add "$lock"; fi
  done
}

# Whether .venv is complete, and every lock in it is as it was when it was installed.
is_whole() {
  local hash lock
  [[ -x $RUN && -f $CONTENTS ]] || return 1
  while read -r hash lock; do
    [[ $(hash_of "$lock") == "$hash" ]] || return 1
  done <"$CONTENTS"
}

holds() {
  grep -q " $1\$" "$CONTENTS"
}

hash_of() {
  local program='sha256sum'
  command -v sha256sum >/dev/null || program='shasum -a 256'
  [[ ! -f requirements/$1.txt ]] || $program <"requirements/$1.txt" | cut -d ' ' -f 1
}

make_anew() {
  local python size='3 GB'
  python=$(requirements/python.sh)
  if [[ $1 == gpu ]]; then
    requirements/nvidia_driver.sh
    size='9 GB'
  fi
  echo "Making .venv with $("$python" --version), once: a few minutes, about $size"
  rm -rf .venv
  "$python" -m venv .venv
  install "$1"
  echo "$(hash_of "$1") $1" >"$UNFINISHED"
  mv "$UNFINISHED" "$CONTENTS"
  echo "  ready after $SECONDS s"
}

add() {
  echo "Adding requirements/$1.txt to .venv"
  mv "$CONTENTS" "$UNFINISHED"
  install "$1"
  echo "$(hash_of "$1") $1" >>"$UNFINISHED"
  mv "$UNFINISHED" "$CONTENTS"
}

# Installs a lock; ends this program if that fails. Where pip had not begun to change .venv, what was whole stays so.
install() {
  trap 'exit 130' INT
  if ! "$RUN" -m pip install --require-hashes --only-binary :all: --no-binary promise --progress-bar off \
    -r "requirements/$1.txt" 2>"$LOG.errors" | tee "$LOG" | show_progress; then
    if [[ -f $UNFINISHED ]] && ! grep -q '^Installing collected' "$LOG"; then mv "$UNFINISHED" "$CONTENTS"; fi
    if [[ $1 == torch-cpu ]] && grep -qE 'No matching distribution found for|ResolutionImpossible' "$LOG.errors"; then
      echo '  not to be had from the package sources of this machine for this Python: the tests on the torch backend will be skipped'
      exit 0
    fi
    cat "$LOG.errors" >&2
    exit 1
  fi
  trap - INT
}

# pip's output, cut down to signs of life: each large download, a count, and the start of the long unpacking.
show_progress() {
  awk '/^ *Downloading .*[0-9][0-9]\.[0-9] MB\)/ { sub(/^ *Downloading /, ""); sub(/-.*\(/, " ("); print "  fetching " $0; fflush() }
       /^(Collecting|Processing) / && ++n % 20 == 0 { print "  " n " packages collected"; fflush() }
       /^Installing collected/ { print "  " n " packages collected, installing them"; fflush() }'
}

# Has .venv find this checkout's packages from every folder, by the way from its own folder of packages to here, which
# stays the same when the checkout is moved or copied.
show_the_packages() {
  local folder
  folder=$(echo .venv/lib/python3.*/site-packages)
  [[ -f $folder/paper_optimizers.pth ]] || echo ../../../.. >"$folder/paper_optimizers.pth"
}

main "$@"
