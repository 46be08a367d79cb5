#!/usr/bin/env bash
# The mount against an independent client (Python standard library only).
set -euo pipefail
exec python3 "$(dirname "$0")/oracle.py" "$(realpath "$1")"
