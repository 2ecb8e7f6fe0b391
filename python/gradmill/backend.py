"""Settings and dtypes under the names of Keras's `backend`.

Example:
    >>> import gradmill as gm
    >>> gm.backend.epsilon()
    1e-07
"""

import functools
from typing import Any

from gradmill import _core
from gradmill.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    standardize_dtype,
)
from gradmill.symbolic import is_keras_tensor, next_number
from gradmill.utils.session import clear_session

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def get_uid(prefix: str = "") -> int:
    """Return the next number of a prefix, from 1 on; automatic names of layers count along.

    Args:
        prefix: any text.

    Returns:
        int.

    Example:
        >>> import gradmill as gm
        >>> gm.backend.get_uid("block"), gm.backend.get_uid("block")
        (1, 2)
    """
    return next_number(prefix)


def is_float_dtype(dtype: Any) -> bool:
    """Return whether a dtype is one of the floating-point ones.

    Args:
        dtype: as `standardize_dtype` takes it.

    Returns:
        bool.

    Raises:
        DTypeError: for an unknown dtype.

    Example:
        >>> import gradmill as gm
        >>> gm.backend.is_float_dtype("bfloat16"), gm.backend.is_float_dtype("int8")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Return whether a dtype is one of the integer ones; bool is not.

    Args:
        dtype: as `standardize_dtype` takes it.

    Returns:
        bool.

    Raises:
        DTypeError: for an unknown dtype.

    Example:
        >>> import gradmill as gm
        >>> gm.backend.is_int_dtype("uint8"), gm.backend.is_int_dtype("bool")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """Return the dtype in which values of several dtypes are computed together.

    Python's own types are weak: a number written in Python keeps the dtype of what it is combined with.

    Args:
        *dtypes: names, NumPy dtypes, Python types, or None for the default float dtype.

    Returns:
        name; the default float dtype for no dtype at all.

    Raises:
        DTypeError: for an unknown dtype.

    Example:
        >>> import gradmill as gm
        >>> gm.backend.result_type("bfloat16", int), gm.backend.result_type("int32", "float16")
        ('bfloat16', 'float16')
    """
    weak = {each for each in dtypes if isinstance(each, type)} & {int, float}
    strong = [standardize_dtype(each) for each in dtypes if not (isinstance(each, type) and each in weak)]
    found = functools.reduce(_core.promote_types, strong) if strong else "bool"
    if not dtypes or (float in weak and not is_float_dtype(found)):
        return floatx()
    return "int32" if int in weak and found == "bool" else found
