"""Downloads that resume, are checked, and appear complete or not at all."""

import http.client
import os
import re
import shutil
import stat
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Callable, Iterable, Optional, Union

from gradmill import errors
from gradmill.utils.files import PathLike, cache_directory, check_hash, publish
from gradmill.utils.progress_bar import Progbar

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
_ATTEMPTS = 3
_INCOMPLETE = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)


def download(
    url: str, path: PathLike, check: Optional[Callable[[Path], None]] = None, largest: int = 8 << 30, verbose: int = 1
) -> Path:
    """Fetch a URL into a file, going on where an earlier attempt stopped.

    Bytes collect in `PATH.part`; only when they are all there and `check` accepted them is the file renamed.

    Args:
        url: an http, https or file URL.
        path: the file to make; its folder is made when missing.
        check: function that raises when the downloaded file is not what was expected; the file is then deleted.
        largest: most bytes that are accepted.
        verbose: 0 silent, 1 a progress line.

    Returns:
        the path.

    Raises:
        OSError: when the server cannot be reached or the transfer is cut three times; what has arrived is kept for the
            next call.
        ArgumentError: when the file is larger than `largest`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    for attempt in range(_ATTEMPTS):
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _transfer(url, partial, largest, verbose)
            break
        except _INCOMPLETE as problem:
            # A transfer that was cut goes on; a server that cannot be reached is not asked again and again.
            received = partial.stat().st_size if partial.exists() else 0
            if received == before or attempt == _ATTEMPTS - 1:
                reason = getattr(problem, "reason", None) or problem
                raise OSError(f"download: could not fetch {url}: {reason}") from problem
    try:
        if check is not None:
            check(partial)
    except Exception:
        partial.unlink()
        raise
    publish(partial, target)
    return target


def _transfer(url: str, partial: Path, largest: int, verbose: int) -> None:
    """Append what is missing of `url` to `partial`."""
    start = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "gradmill"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as problem:
        if problem.code != 416:
            raise
        # The server has nothing after `start`: complete when its total says so, else stale.
        complete = re.fullmatch(r"bytes \*/(\d+)", problem.headers.get("Content-Range", ""))
        if complete and int(complete.group(1)) == start:
            return
        partial.unlink()
        raise ConnectionError("the partial file does not fit the one on the server") from problem
    with response:
        resumed = getattr(response, "status", None) == 206
        start = start if resumed else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        bar = Progbar(total, verbose=verbose, unit_name="byte")
        with open(partial, "ab" if resumed else "wb") as file:
            while True:
                chunk = response.read(_CHUNK)
                if not chunk:
                    break
                start += len(chunk)
                if start > largest or (total or 0) > largest:
                    raise errors.ArgumentError(f"download: {url} is larger than the {largest} bytes allowed")
                file.write(chunk)
                bar.update(start, finalize=False)
        bar.update(start, finalize=True)
        if total is not None and start != total:
            raise ConnectionError(f"expected {total} bytes; received {start}")


def get_file(
    fname: Optional[str] = None,
    origin: Optional[str] = None,
    untar: bool = False,
    md5_hash: Optional[str] = None,
    file_hash: Optional[str] = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Union[str, Iterable[str], None] = "auto",
    cache_dir: Optional[str] = None,
    force_download: bool = False,
) -> str:
    """Return the path of a file from the web, fetched once and then kept in the cache.

    Args:
        fname: name in the cache; default: the last part of the URL.
        origin: the URL.
        untar: same as `extract` for a tar archive.
        md5_hash: MD5 of the file; prefer `file_hash`.
        file_hash: SHA-256 or MD5 that the file must have.
        cache_subdir: folder inside the cache, or an absolute path.
        hash_algorithm: `"auto"`, `"sha256"` or `"md5"`.
        extract: unpack a tar or zip archive beside the file.
        archive_format: `"auto"`, `"tar"`, `"zip"`, a list of these, or None for no archive.
        cache_dir: cache folder; default: `$XDG_CACHE_HOME/gradmill` or `~/.cache/gradmill`.
        force_download: fetch even when the file is there.

    Returns:
        path of the file, or of the folder it was unpacked into.

    Raises:
        ArgumentError: when `origin` is missing, `fname` holds a folder, or the hash differs.
        OSError: when the transfer fails.

    Example:
        >>> import gradmill as gm
        >>> path = gm.utils.get_file(origin="https://example.org/data.csv")  # doctest: +SKIP
    """
    if not origin:
        raise errors.ArgumentError("get_file: origin must be the URL of the file; received None")
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name or name in (".", "..") or os.path.basename(name) != name:
        raise errors.ArgumentError(
            f"get_file: fname must be a file name without folders; received {name!r}; use cache_dir for the folder"
        )
    folder = Path(cache_dir).expanduser() if cache_dir else cache_directory()
    folder = folder / cache_subdir
    unpack = extract or untar
    target = folder / (f"{name}_archive" if unpack and "." not in name else name)
    expected = file_hash or md5_hash
    algorithm = hash_algorithm if file_hash else "auto"

    def check(path: Path) -> None:
        if expected:
            check_hash(path, expected, algorithm)

    fresh = force_download or not target.exists()
    if not fresh:
        try:
            check(target)
        except errors.ArgumentError:
            fresh = True
    if fresh:
        download(origin, target, check)
    if not unpack:
        return str(target)
    return str(_extract(target, folder / (name.split(".")[0] + "_extracted"), "tar" if untar else archive_format))


def _extract(archive: Path, folder: Path, formats: Union[str, Iterable[str], None]) -> Path:
    """Unpack into a temporary folder, then rename it."""
    accepted = ("tar", "zip") if formats == "auto" else (formats,) if isinstance(formats, str) else tuple(formats or ())
    if folder.exists():
        return folder
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if "tar" in accepted and tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                for member in tar.getmembers():
                    _check_member(archive, temporary, member.name, member.isfile() or member.isdir())
                    tar.extract(member, temporary, set_attrs=False)
        elif "zip" in accepted and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for entry in packed.infolist():
                    # Archives made on other systems leave the type bits empty; such entries are plain files.
                    kind = stat.S_IFMT(entry.external_attr >> 16)
                    _check_member(archive, temporary, entry.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
                    packed.extract(entry, temporary)
        else:
            raise errors.ArgumentError(f"get_file: {archive} is no archive of the formats {accepted}")
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return folder


def _check_member(archive: Path, folder: Path, name: str, ordinary: bool) -> None:
    """Refuse links, devices, and names that lead out of the folder."""
    inside = os.path.realpath(folder / name).startswith(os.path.realpath(folder) + os.sep)
    if not ordinary or not (inside or name in (".", "./")):
        raise errors.ArgumentError(
            f"get_file: {archive} holds {name!r}, which is a link or lies outside the folder; it was not unpacked"
        )
