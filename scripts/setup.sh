#!/bin/sh
# Sets up .venv with the locked dependencies and this checkout, once; a second call costs nothing. No root needed.
#   scripts/setup.sh            what `make run` and `make test` use
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "cemcore needs Python 3.11 or later; '$python' is $("$python" --version 2>&1 || echo missing). Set PYTHON=/path/to/python3.11" >&2
    exit 1
}
stamp=.venv/.cemcore-setup
want=$(cat requirements.lock pyproject.toml scripts/setup.sh | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi

if [ ! -x .venv/bin/python ]; then
    "$python" -m venv .venv || {
        echo "could not make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2
        rm -rf .venv
        exit 1
    }
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_COMPILE_BYTECODE=1
if .venv/bin/python -m pip install --quiet uv 2>/dev/null && .venv/bin/uv --version >/dev/null 2>&1; then
    install() { .venv/bin/uv pip install --quiet --python .venv/bin/python "$@"; }
else
    echo "uv is not to be had here; going on with pip, which takes a little longer" >&2
    install() { .venv/bin/python -m pip install --quiet "$@"; }
fi
echo "setting up .venv (once) ..." >&2
install --require-hashes -r requirements.lock
install --no-deps --editable .
echo "$want" >"$stamp"
