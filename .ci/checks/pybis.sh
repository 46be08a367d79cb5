#!/usr/bin/env bash
# The unmodified pyBIS from PyPI against the built-in server, and its bytes against the mount.
# PYTHON names the interpreter that has the packages of .ci/requirements.txt.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/pybis_check.py" "$(realpath "$1")"
