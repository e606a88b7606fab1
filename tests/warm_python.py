"""A Python whose libraries are loaded already, for the many short processes of a test run.

`warm_python` starts one process that imports the foreign libraries of Snakemake and of the doors.
The program that it returns takes the place of Python: each call of it is a fork of this process, so
it runs Snakemake or the script of a job as Python does, without seconds of imports. No module of
redpix is loaded before.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

#: foreign modules that Snakemake and the doors import
LIBRARIES = (
    *("snakemake.cli", "snakemake.api", "snakemake.workflow", "snakemake.script"),
    *("snakemake.report", "snakemake_executor_plugin_slurm", "smart_open", "yaml", "jsonschema"),
    *("numpy", "scipy.fft", "scipy.integrate", "scipy.interpolate", "scipy.linalg"),
    *("scipy.ndimage", "scipy.optimize", "scipy.signal", "scipy.sparse", "scipy.spatial"),
    *("scipy.special", "scipy.stats", "pandas", "pyarrow.compute", "pyarrow.csv"),
    *("pyarrow.parquet", "astropy.coordinates", "astropy.cosmology", "astropy.io.ascii"),
    *("astropy.io.fits", "astropy.modeling", "astropy.nddata", "astropy.stats", "astropy.table"),
    *("astropy.time", "astropy.visualization", "astropy.wcs.utils", "astropy_healpix", "ccdproc"),
    *("galsim", "jinja2", "joblib", "matplotlib.figure", "numexpr", "sep", "sklearn.ensemble"),
    *("bokeh.embed", "bokeh.plotting", "bokeh.resources", "PIL.Image", "h5py"),
)

#: name of the process of a fork, with the number of the process that asked for it
NAME_OF_FORK = "fork of {}"

#: the program that asks for a fork, and ends as it ends; Python runs it without its site packages
CLIENT = """
import json, os, socket, sys
asked = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
words = json.dumps(asked).encode()
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    socket.send_fds(line, [len(words).to_bytes(8, "big")], [0, 1, 2])
    line.sendall(words)
    status = int(line.recv(16) or b"1")
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


@functools.cache
def warm_python():
    """Return the path of a program that runs Snakemake and scripts as this Python does.

    Where the operating system has no descriptors of processes (`os.pidfd_open`), it is this Python.

    Returns
    -------
    str
    """
    if not hasattr(os, "pidfd_open"):
        return sys.executable
    folder = Path(tempfile.mkdtemp())  # short: the length of a socket's address is limited
    client, program = folder / "client.py", folder / "python"
    client.write_text(CLIENT.format(address=str(folder / "socket")))
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -ISE "{client}" "$@"\n')
    program.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, folder / "socket", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        | {"OMP_NUM_THREADS": "1"},
    )
    atexit.register(_end, server, folder)
    assert server.stdout.readline() == b"ready\n"
    return str(program)


def _end(server, folder):
    """End the process with the libraries."""
    server.terminate()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


def serve(address, program):
    """Fork for each call until this process is ended."""
    paths = sys.path[1:]
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    gc.collect()
    gc.freeze()  # forks share the pages of what is loaded
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as events:
        door.bind(address)
        door.listen(64)
        events.register(door, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in events.select():
                if key.fileobj is door:
                    _begin(door, events, paths, program)
                elif isinstance(key.fileobj, int):
                    _report(events, key.fileobj, *key.data)
                else:  # the client was killed
                    _kill(key.data)
                    events.unregister(key.fileobj)


def _begin(door, events, paths, program):
    """Take a call, and fork for it."""
    line, _ = door.accept()
    size, descriptors, *_ = socket.recv_fds(line, 8, 3)
    words = b""
    while len(words) < int.from_bytes(size, "big") and (more := line.recv(1 << 20)):
        words += more
    if not size or len(words) < int.from_bytes(size, "big"):  # the client was killed
        for descriptor in descriptors:
            os.close(descriptor)
        line.close()
        return
    client, *_ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    child = os.fork()
    if not child:
        Path("/proc/self/comm").write_text(NAME_OF_FORK.format(client))
        for descriptor, wanted in zip(descriptors, range(3), strict=True):
            os.dup2(descriptor, wanted)
        os.closerange(3, 256)
        _run(json.loads(words), paths, program)
    for descriptor in descriptors:
        os.close(descriptor)
    events.register(line, selectors.EVENT_READ, child)
    events.register(os.pidfd_open(child), selectors.EVENT_READ, (child, line))


def _report(events, descriptor, child, line):
    """Tell a client how its child ended."""
    _, status = os.waitpid(child, 0)
    events.unregister(descriptor)
    os.close(descriptor)
    with contextlib.suppress(KeyError):
        events.unregister(line)
    with contextlib.suppress(OSError), line:
        line.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _kill(child):
    """Kill the child of a client."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _run(asked, paths, program):
    """Be a new Python with these arguments, and end."""
    status = 1
    try:
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _open_streams()
        first, *rest = asked["arguments"]
        sys.orig_argv = [sys.executable, *asked["arguments"]]
        if first == "-m":
            sys.argv, sys.path[:] = rest, [os.getcwd(), *paths]
            sys.executable = program  # of the scripts of jobs
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[:] = [first, *rest], [os.path.dirname(first), *paths]
            runpy.run_path(first, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = _status(end.code)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            threading._shutdown()
            atexit._run_exitfuncs()
            sys.stdout.flush()
        os._exit(status)


def _open_streams():
    """Open the standard streams as Python does."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115


def _status(code):
    """Return the exit status of a value of SystemExit."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
        return 1
    return int(code or 0)


if __name__ == "__main__":
    serve(*sys.argv[1:])
