#!/usr/bin/env bash
# Real programs on the mount against the same programs on a local copy.
# PYTHON names the interpreter that has the packages of .ci/requirements.txt.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/programs.py" "$(realpath "$1")"
