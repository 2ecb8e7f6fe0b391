"""What a script asks about where it runs."""

import contextlib
from typing import Iterator

from gradmill import _core
from gradmill.errors import UnsupportedError


def version() -> str:
    """Return the version of this package.

    Example:
        >>> import gradmill as gm
        >>> gm.version() == gm.__version__
        True
    """
    return _core.__version__


@contextlib.contextmanager
def device(device_name: str) -> Iterator[None]:
    """A context in which ops run on a device, which is the CPU in any case.

    Args:
        device_name: such as "cpu", "cpu:0" or "/CPU:0".

    Raises:
        UnsupportedError: another device.

    Example:
        >>> import gradmill as gm
        >>> with gm.device("cpu:0"):
        ...     x = gm.ops.ones(2)
    """
    if not isinstance(device_name, str) or "cpu" not in device_name.lower():
        raise UnsupportedError(f"device: expected 'cpu', the one device there is; received {device_name!r}")
    yield
