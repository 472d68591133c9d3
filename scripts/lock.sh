#!/bin/sh
# Makes the two locks anew from pyproject.toml, for every system and every Python from 3.11 on. Needs uv.
#   sh scripts/lock.sh [--upgrade]   (or another option of `uv pip compile`)
# The locks hold versions and hashes and nothing of where the packages came from: they install through any mirror.

set -eu
cd "$(dirname "$0")/.."

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate "$@" pyproject.toml
}

compile "$@" --output-file requirements/run.lock
compile "$@" --extra test --constraint requirements/run.lock --output-file requirements/test.lock
