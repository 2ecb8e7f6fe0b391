"""Small helpers that losses, metrics and optimizers share: names, dtypes, first values of state."""

from typing import Any, Optional

import numpy as np

from gradmill import config, errors, initializers, symbolic
from gradmill.masks import get_mask

_HALF_POLICIES = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


def auto_name(class_name: str) -> str:
    """Return a name not handed out before: `adam`, then `adam_1`, `adam_2`, ..."""
    return symbolic.unique_name(symbolic.to_snake_case(class_name))


def compute_dtype(dtype: Any) -> str:
    """Return the dtype string computations use for `dtype` (None, string, NumPy dtype or dtype policy)."""
    dtype = getattr(dtype, "compute_dtype", dtype)
    if isinstance(dtype, str):
        dtype = {"float": None, "int": "int32", **_HALF_POLICIES}.get(dtype, dtype)
    return config.standardize_dtype(dtype)


def initial_array(initializer: Any, shape: Any, dtype: str) -> np.ndarray:
    """Return the first value of a state variable as a NumPy array.

    Zeros and constants never pass through the engine, so that state created while a step is being
    traced still starts from a concrete value. `initializer` is None or "zeros", "ones", a number, or
    whatever `initializers.get` accepts.
    """
    shape = tuple(int(size) for size in shape)
    array_dtype = "float32" if dtype == "bfloat16" else dtype
    if initializer is None or initializer == "zeros":
        return np.zeros(shape, array_dtype)
    if initializer == "ones":
        return np.ones(shape, array_dtype)
    if isinstance(initializer, (int, float)):
        return np.full(shape, initializer, array_dtype)
    make: Any = initializers.get(initializer)
    return np.asarray(make(shape, dtype=dtype)).astype(array_dtype)


def checked_choice(owner: str, argument: str, value: Any, allowed: tuple) -> Any:
    """Return `value` if it is one of `allowed`, else raise ArgumentError naming owner and argument."""
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in allowed):
        listed = ", ".join(repr(choice) for choice in allowed)
        raise errors.ArgumentError(
            f"{owner}: {argument} must be one of {listed}; received {value!r}; pass one of these"
        )
    return value


def optional_mask(tensor: Optional[Any]) -> Optional[Any]:
    """Return the mask a layer attached to `tensor`, or None."""
    return get_mask(tensor)
