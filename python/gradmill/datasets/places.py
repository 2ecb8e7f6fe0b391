"""Where data sets are looked for, in order."""

import os
from pathlib import Path
from typing import Callable, Iterable, List, Optional, Tuple, TypeVar

from gradmill import errors
from gradmill.utils.files import cache_directory

_Found = TypeVar("_Found")


def search_places(system_folders: Iterable[str]) -> List[Tuple[str, Optional[Path]]]:
    """Return (why, folder) of every place that `load_data` without a path looks at; None for one that is not set.

    Args:
        system_folders: where systems install the data set.
    """
    given = os.environ.get("GRADMILL_DATA")
    first = ("$GRADMILL_DATA", Path(given).expanduser()) if given else ("$GRADMILL_DATA (not set)", None)
    cache = ("cache", cache_directory() / "datasets")
    return [first, cache, *(("system", Path(folder)) for folder in system_folders)]


def find_or_fetch(
    name: str,
    system_folders: Iterable[str],
    find: Callable[[Path], Optional[_Found]],
    fetch: Callable[[], _Found],
    advice: str,
) -> _Found:
    """Return what `find` finds in the first place that has the data set, else what `fetch` downloads.

    Args:
        name: of the data set, for the message.
        system_folders: where systems install it.
        find: from a folder to the files in it, None where they are not.
        fetch: downloads the files into the cache.
        advice: how to get the files without this program.

    Raises:
        ArgumentError: when the files are nowhere and cannot be fetched; it names every place that was tried.
    """
    tried: List[str] = []
    for reason, folder in search_places(system_folders):
        found = None if folder is None else find(folder)
        if found is not None:
            return found
        state = "" if folder is None else ": files missing" if folder.is_dir() else ": no such folder"
        tried.append((reason if folder is None else f"{folder} ({reason})") + state)
    try:
        return fetch()
    except (OSError, errors.ArgumentError) as problem:
        lines = "\n  - ".join([*tried, str(problem)])
        raise errors.ArgumentError(
            f"{name}: the data files were not found and could not be downloaded. Tried:\n  - {lines}\n"
            f"To get them: {advice}"
        ) from problem
