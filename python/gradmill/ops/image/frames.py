"""What functions on images share: where rows, columns and channels are."""

from typing import Any, Optional, Tuple

from gradmill import _core
from gradmill.errors import ShapeError
from gradmill.ops.layout import data_format_of


def batch_of(images: Any, data_format: Optional[str], who: str, rank: int = 4) -> Tuple[Any, bool, bool]:
    """Images as a batch with channels last.

    Args:
        images: one image (or volume), or a batch.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.
        who: name of the op, for the message.
        rank: axes of a batch.

    Returns:
        the batch, whether it was a single one, and whether channels came first.

    Raises:
        ShapeError: for another number of axes.
    """
    first = data_format_of(data_format, who) == "channels_first"
    if images.ndim not in (rank - 1, rank):
        raise ShapeError(f"{who}: expected images with {rank - 1} axes, or {rank} for a batch; received {images.shape}")
    single = images.ndim == rank - 1
    if single:
        images = _core.ops.reshape(images, shape=[1, *images.shape])
    if first:
        images = _core.ops.transpose(images, permutation=[0, *range(2, rank), 1])
    return images, single, first


def as_given(images: Any, single: bool, first: bool) -> Any:
    """Undo `batch_of`; further axes behind the channels stay there.

    Args:
        images: a batch with channels last.
        single: whether it was a single image.
        first: whether channels came first.

    Returns:
        tensor.
    """
    if first:
        last = images.ndim - 1
        images = _core.ops.transpose(images, permutation=[0, last, *range(1, last)])
    return _core.ops.reshape(images, shape=list(images.shape[1:])) if single else images
