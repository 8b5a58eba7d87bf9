#!/usr/bin/env bash
# Makes .venv in the folder it is run in, as requirements.txt there asks. Each Python server has an
# environment of its own, for some libraries work differently where others are at hand (uvicorn
# takes to uvloop). One pip, kept here, fills them all: an environment without pip is made at once.
set -euo pipefail
pip_home="$(dirname "$(readlink -f "$0")")/.venv"

if cmp -s requirements.txt .venv/installed.txt; then
    exit 0
fi
if ! [ -x "$pip_home/bin/pip" ]; then
    rm -rf "$pip_home"
    python3 -m venv "$pip_home"
fi
rm -rf .venv
python3 -m venv --without-pip .venv
"$pip_home/bin/pip" --python .venv/bin/python --quiet --disable-pip-version-check install \
    --requirement requirements.txt
cp requirements.txt .venv/installed.txt
