"""Where data sets are looked for, in order."""

import os
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

from gradmill.utils.files import cache_directory


def search_places(system_folders: Iterable[str]) -> List[Tuple[str, Optional[Path]]]:
    """Return (why, folder) of every place that `load_data` without a path looks at; None for one that is not set.

    Args:
        system_folders: where systems install the data set.
    """
    given = os.environ.get("GRADMILL_DATA")
    first = ("$GRADMILL_DATA", Path(given).expanduser()) if given else ("$GRADMILL_DATA (not set)", None)
    cache = ("cache", cache_directory() / "datasets")
    return [first, cache, *(("system", Path(folder)) for folder in system_folders)]
