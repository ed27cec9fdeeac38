#!/usr/bin/env bash
# Makes dist/ for a release: wheel and source archive, checked by twine; one zip of the checkout's last commit (code, rows,
# locks, recipe of the image) with the wheel in it, ready for a repository that gives a DOI; and SHA256SUMS.
#
#   requirements/release.sh              refuses a checkout with changes that are not committed
#   requirements/release.sh --trial      makes them all the same, and leaves twine out, which has to be fetched
# DIST names another folder, PYTHON another interpreter than that of .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DIST=${DIST:-dist}
PYTHON=${PYTHON:-.venv/bin/python}
TWINE='twine==7.0.0'

fail() {
  echo "error: $1" >&2
  exit 1
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' paper_optimizers/__init__.py)
[[ -n $version ]] || fail 'paper_optimizers/__init__.py names no __version__'
grep -q "^version: $version\$" CITATION.cff || fail "CITATION.cff does not name the version $version"
grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md has no section ## $version"
if [[ ${1:-} != --trial ]]; then
  [[ -z $(git status --porcelain --untracked-files=no) ]] || fail 'commit first: a release is what the last commit has'
  if grep -q "^## $version (unreleased)" CHANGELOG.md; then fail "CHANGELOG.md calls $version unreleased: write the date"; fi
fi

rm -rf "$DIST"
mkdir -p "$DIST"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
"$PYTHON" -m hatchling build -t wheel -t sdist -d "$DIST" >/dev/null
wheel=$(echo "$DIST"/*.whl)
if [[ ${1:-} != --trial ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  "$PYTHON" -m venv "$folder/venv"
  "$folder/venv/bin/python" -m pip install -qq "$TWINE"
  "$folder/venv/bin/python" -m twine check --strict "$DIST"/*.whl "$DIST"/*.tar.gz
fi

name=paper-optimizers-$version
git archive --format=zip --prefix="$name/dist/" --add-file="$wheel" --prefix="$name/" -o "$DIST/$name-release.zip" HEAD
(cd "$DIST" && sha256sum -- *.whl *.tar.gz *.zip >SHA256SUMS)
cat "$DIST/SHA256SUMS"
du -sh "$DIST/$name-release.zip"
