"""Modules of the standard library that are loaded when first used, so that importing the package takes little time."""

import importlib
from typing import Any


class LazyModule:
    """Stand in for a module until something of it is asked for.

    Args:
        name: of the module.

    Example:
        >>> from gradmill.utils.lazy import LazyModule
        >>> LazyModule("html").escape("<b>")
        '&lt;b&gt;'
    """

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
