#!/usr/bin/env bash
# Desktop programs save into the mount; pyBIS finds exactly the Datasets that each has saved, with the same bytes.
# PYTHON names the interpreter that has the packages of .ci/requirements.txt.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/apps.py" "$(realpath "$1")"
