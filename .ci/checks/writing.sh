#!/usr/bin/env bash
# Real programs save into the mount; pyBIS finds exactly one Dataset of each, with the same bytes.
# PYTHON names the interpreter that has the packages of .ci/requirements.txt.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/writing.py" "$(realpath "$1")"
