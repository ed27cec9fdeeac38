"""A Ray cluster, joined, or begun for this process alone: on the loopback interface and in a folder short enough."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reproduce.errors import ReproduceError
from reproduce.lifetime import handlers_kept
from reproduce.machine import usable_cores

_CONNECT_SECONDS = 10.0
_LOOPBACK = "127.0.0.1"
#: Ray's switch, read when it is imported: only where clusters are off does every port bind to the loopback interface.
_CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
_WOULD_LISTEN = (
    "Ray would listen to other machines: this process imported it before it could be told to listen on the loopback "
    f"interface alone. Start the search in a process of its own, or set {_CLUSTERS}=0 before Python starts"
)
#: Bytes of a folder's path. The path of a socket may have 103 on every system, and Ray's sockets lie deep: in
#: "/session_", a time, a process and "/sockets/plasma_store".
_LONGEST_FOLDER = 103 - len("/session_2000-01-01_00-00-00_000000_4194304/sockets/plasma_store")
_SHORT = ("/tmp", "/var/tmp", "/dev/shm")


@contextmanager
def ray_cluster(address: str | None, count: int | None) -> Iterator[Any]:
    """Ray, connected until this ends; a cluster that was begun here ends with it.

    Args:
        address: Of a running cluster ("auto" finds that of this machine). None begins one for this process alone.
        count: Processor cores of a cluster that is begun; None for all that this process may use.

    Raises:
        ReproduceError: If Ray is not installed, there is no cluster at the address, or none can be begun.
    """
    if find_spec("ray") is None:
        raise ReproduceError('the executor "ray" needs Ray: pip install "paper-optimizers[cluster]"')
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with ExitStack() as held:
        if address is not None:
            _require_listener(address)
            where: dict[str, Any] = {"address": address}
        else:
            if "ray" in sys.modules and os.environ.get(_CLUSTERS) != "0":
                raise ReproduceError(_WOULD_LISTEN)
            os.environ[_CLUSTERS] = "0"
            where = {
                "address": "local",
                "num_cpus": count or usable_cores(),
                "_node_ip_address": _LOOPBACK,
                "_temp_dir": str(held.enter_context(short_folder(_ray_folder()))),
                "include_dashboard": False,
            }
        yield held.enter_context(_connected(where))


@contextmanager
def _connected(where: dict[str, Any]) -> Iterator[Any]:
    import ray

    try:
        with handlers_kept():  # Ray would have SIGTERM end this process in its own way.
            ray.init(**where, log_to_driver=False, logging_level="error")
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        place = "this machine" if where["address"] == "local" else where["address"]
        raise ReproduceError(f"no Ray cluster at {place}: {reason}") from None
    except OSError as error:
        raise ReproduceError(
            f"Ray cannot start: {error}. It keeps a token in the home folder and its records in that for temporary "
            "files: set HOME and TMPDIR to folders that can be written"
        ) from None
    except Exception as error:
        if type(error) is not Exception:  # Ray gives none of its own to what did not come up in time.
            raise
        raise ReproduceError(f"Ray cannot start: {error} Start again when less runs beside it") from None
    try:
        if where["address"] == "local" and ray.util.get_node_ip_address() != _LOOPBACK:
            raise ReproduceError(_WOULD_LISTEN)
        yield ray
    finally:
        ray.shutdown()


def _ray_folder() -> Path:
    """Where Ray would keep its records and sockets."""
    return Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray"


@contextmanager
def short_folder(folder: Path, longest: int = _LONGEST_FOLDER) -> Iterator[Path]:
    """``folder`` by a path that leaves room for sockets' names: its own, or a link for as long as this goes on.

    Args:
        folder: Where files are to go; it is made where it is missing.
        longest: The most bytes of the path.

    Raises:
        ReproduceError: If the folder cannot be made, or the link can be put nowhere.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReproduceError(
            f"cannot write {folder}: {error.strerror}; set TMPDIR to a folder that can be written"
        ) from None
    if len(os.fsencode(folder)) <= longest:
        yield folder
        return
    place = _short_place()
    if place is None:
        raise ReproduceError(
            f"the path of {folder} is {len(os.fsencode(folder))} bytes long, and Ray's sockets leave room for {longest}"
            f"; set TMPDIR to a shorter one (none of {', '.join(_SHORT)} can be written, where a link would do)"
        )
    try:
        link = place / "ray"
        link.symlink_to(folder.resolve())
        yield link
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _short_place() -> Path | None:
    """A new folder of this user alone."""
    for place in _SHORT:
        try:
            return Path(tempfile.mkdtemp(prefix="ray-", dir=place))
        except OSError:
            continue
    return None


def _require_listener(address: str) -> None:
    """Refuse an address where nothing listens; Ray itself would try for minutes."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal():
        return  # "auto", or an address of another form, which Ray knows.
    try:
        socket.create_connection((host.rpartition("/")[2], int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ReproduceError(f"no Ray cluster at {address}: {error}") from None
