#!/bin/sh
# Runs a script with the first Python on this machine that is new enough:
#   sh scripts/python.sh SCRIPT [ARGUMENT…]
# PYTHON, where given, is the only one tried.

for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$@"
    fi
done

{
    echo "Plateia needs Python 3.11 or later; of ${PYTHON:-python3, python3.14 … python3.11} none is."
    if command -v apt-get >/dev/null; then
        echo "On this system:  sudo apt-get update && sudo apt-get install python3 python3-venv"
    fi
    echo "Another place:   make PYTHON=/path/to/python3 …"
} >&2
exit 1
