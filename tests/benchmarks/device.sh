#!/usr/bin/env bash
# Check the array backends on a bare machine with a graphics card; see device.py beside this file.
#
#   bash tests/benchmarks/device.sh WHEELS [OPTION OF device.py ...]
#
# Python packages that are missing are installed from the folder WHEELS into a temporary folder.
# That folder needs no network; it is not used if nothing is missing. PyTorch and CuPy are not
# installed: a backend without its package is left out. PYTHON names the interpreter.
set -euo pipefail

if (( $# < 1 )); then
    echo "device.sh: no folder of wheels; usage: device.sh WHEELS [OPTION ...]" >&2
    exit 2
fi
wheels=$1
shift
python=${PYTHON:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing() {
    "$python" - "$@" <<'END'
import sys
from importlib.util import find_spec

print(*[name for name in sys.argv[1:] if find_spec(name) is None])
END
}

needed=(numpy scipy astropy erfa packaging yaml sklearn joblib threadpoolctl array_api_compat)
lacking=$(missing "${needed[@]}")
found=("$wheels"/*.whl)
if [[ -n $lacking && -e ${found[0]} ]]; then
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir \
        --disable-pip-version-check --target "$site" "${found[@]}"
    export PYTHONPATH=$site${PYTHONPATH:+:$PYTHONPATH}
    lacking=$(missing "${needed[@]}")
fi
# array_api_compat is needed only by the backends that PyTorch or CuPy make
lacking=$(echo ${lacking//array_api_compat/})
if [[ -n $lacking ]]; then
    echo "device.sh: $wheels: not installed, and no wheel holds: $lacking" >&2
    exit 2
fi
PYTHONUNBUFFERED=1 "$python" "$here/device.py" "$@"
