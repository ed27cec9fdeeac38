#!/usr/bin/env bash
# Prints what the image begins with, by its digest where that can be had: docker/base.sh IMAGE ENGINE...
#
# A tag may name another image tomorrow. The engine fetches what it names now, and gives its digest; where no registry
# answers, the tag stays. A digest is taken as it is.
set -euo pipefail

image=$1
engine=("${@:2}")
if [[ $image != *@sha256:* ]]; then
  if "${engine[@]}" pull --quiet "$image" &>/dev/null \
    && digest=$("${engine[@]}" image inspect --format '{{index .RepoDigests 0}}' "$image" 2>/dev/null) \
    && [[ $digest == *@sha256:* ]]; then
    image=$digest
    echo "The same base again: BASE=$image" >&2
  else
    echo "note: no digest is to be had for $image: the image begins with what this machine knows by that tag" >&2
  fi
fi
echo "$image"
