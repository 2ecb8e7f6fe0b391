"""Arguments that ops on images share: data formats, sizes and padding."""

from typing import Any, List, Optional, Sequence, Tuple

from gradmill import _core, config
from gradmill.errors import ArgumentError

__all__ = ["channels_back", "channels_last", "data_format_of", "same_padding", "sizes_of"]


def data_format_of(data_format: Optional[str], who: str) -> str:
    """Return the data format, `config.image_data_format()` for None.

    Args:
        data_format: "channels_last", "channels_first" or None.
        who: named in the message.

    Returns:
        "channels_last" or "channels_first".

    Raises:
        ArgumentError: another value.
    """
    found = config.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ArgumentError(
            f"{who}: expected data_format 'channels_last' or 'channels_first'; received {data_format!r}; correct it"
        )
    return found


def sizes_of(value: Any, count: int, name: str, who: str, minimum: int = 1) -> List[int]:
    """Return a whole number for each of `count` axes.

    Args:
        value: a number for all of them, or a sequence.
        count: how many.
        name: of the argument, for the message.
        who: named in the message.
        minimum: the smallest that is allowed.

    Returns:
        list of `count` numbers.

    Raises:
        ArgumentError: anything else.
    """
    given = list(value) if isinstance(value, (list, tuple)) else [value] * count
    fits = len(given) == count and all(
        hasattr(each, "__index__") and not isinstance(each, bool) and minimum <= int(each) < 2**31 for each in given
    )
    if not fits:
        form = f"an integer from {minimum} to 2^31 - 1" + (f", or {count} of them" if count > 1 else "")
        raise ArgumentError(f"{who}: expected {name} to be {form}; received {value!r}; correct it")
    return [int(each) for each in given]


def same_padding(sizes: Sequence[int], window: Sequence[int], strides: Sequence[int]) -> Tuple[List[int], List[int]]:
    """Return how many places "same" padding adds before and behind each axis (the odd one behind).

    Args:
        sizes: of the axes.
        window: of the window.
        strides: of the window.

    Returns:
        two lists.
    """
    low, high = [], []
    for size, width, stride in zip(sizes, window, strides):
        total = max((-(-size // stride) - 1) * stride + width - size, 0)
        low.append(total // 2)
        high.append(total - total // 2)
    return low, high


def channels_last(x: Any, data_format: str) -> Any:
    """Return `x` with the channels behind the spatial axes.

    Args:
        x: (batch, ...).
        data_format: where the channels of `x` are.

    Returns:
        tensor.
    """
    if data_format == "channels_last":
        return x
    return _core.ops.transpose(x, permutation=[0, *range(2, x.ndim), 1])


def channels_back(x: Any, data_format: str) -> Any:
    """Return the opposite of `channels_last`.

    Args:
        x: (batch, ..., channels).
        data_format: where the channels shall be.

    Returns:
        tensor.
    """
    if data_format == "channels_last":
        return x
    return _core.ops.transpose(x, permutation=[0, x.ndim - 1, *range(1, x.ndim - 1)])
