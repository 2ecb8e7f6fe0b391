"""What Keras has to hand models to other programs; here it says what to use instead."""

from typing import Any

from gradmill.errors import UnsupportedError

__all__ = ["ExportArchive"]


class ExportArchive:
    """Not there, as models are run by this engine only.

    Args:
        *args, **kwargs: as in Keras.

    Raises:
        UnsupportedError: always; the message says what to use.

    Example:
        >>> import gradmill as gm
        >>> gm.export.ExportArchive()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gradmill._core.UnsupportedError: ExportArchive: ...
    """

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnsupportedError(
            "ExportArchive: TensorFlow's format is not written; use model.save('model.keras'), which "
            "gm.models.load_model and Keras read, and Keras's own export from there"
        )
