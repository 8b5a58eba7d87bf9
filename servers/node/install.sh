#!/usr/bin/env bash
# Installs what package-lock.json in the folder it is run in names, exactly. Not every Node comes
# with npm: Debian's has it in a package of its own, which other makers' packages refuse to meet.
set -euo pipefail
here="$(dirname "$(readlink -f "$0")")"

if cmp -s package-lock.json node_modules/installed.json; then
    exit 0
fi
command -v npm >/dev/null || "$here/../../scripts/install-packages" npm
npm ci --silent
cp package-lock.json node_modules/installed.json
