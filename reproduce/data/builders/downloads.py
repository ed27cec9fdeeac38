"""Published files: where they are, and how to know that one is what it should be."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from reproduce.data.archives import file_checksum
from reproduce.errors import DataError


@dataclass(frozen=True)
class Download:
    """A file that a data set is made of.

    Attributes:
        name: Its name.
        url: Where it is fetched from; None where its address is dead and it must be brought by hand.
        sha256: Of its content. For a file with a url, checksums.tsv says the same to TensorFlow Datasets.
    """

    name: str
    url: str | None
    sha256: str


def manual_folder(builder: Any) -> Path:
    """Where a user puts files fetched by hand, with or without a network: ``downloads/manual`` beside the data sets."""
    return Path(builder.data_dir).parents[1] / "downloads" / "manual"


def obtain(downloads: tuple[Download, ...], manual: Path, manager: Any) -> dict[str, Path]:
    """The files: those in ``manual`` if they are there, else fetched.

    Args:
        downloads: What is needed.
        manual: See `manual_folder`.
        manager: TensorFlow Datasets' download manager.

    Returns:
        Each file's path, by its name.

    Raises:
        DataError: If a file that cannot be fetched is not in ``manual``, or one that is there is not the published one.
    """
    missing = [each.name for each in downloads if each.url is None and not (manual / each.name).is_file()]
    if missing:
        raise DataError(
            f"{manual} lacks {', '.join(missing)}: their published address is dead; get them from someone who has them "
            "and put them there. They are checked against the published SHA-256"
        )
    return {each.name: _obtain(each, manual / each.name, manager) for each in downloads}


def require_reachable(urls: Iterable[str]) -> None:
    """Say at once that there is no network, where a download would try for minutes.

    Behind a proxy names need not be known here, so nothing is refused.

    Raises:
        DataError: If not one of the hosts has an address.
    """
    hosts = sorted({host for url in urls if (host := urlsplit(url).hostname)})
    if hosts and not getproxies() and not any(_has_address(host) for host in hosts):
        raise DataError(f"no network: {', '.join(hosts)} cannot be reached")


def _has_address(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False


def _obtain(download: Download, brought: Path, manager: Any) -> Path:
    if not brought.is_file():
        require_reachable([str(download.url)])
        return Path(manager.download(download.url))
    found = file_checksum(brought)
    if found != download.sha256:
        raise DataError(f"{brought} has SHA-256 {found}; the published file has {download.sha256}: fetch it again")
    return brought
