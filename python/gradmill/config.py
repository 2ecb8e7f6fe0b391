"""Settings of this process: default dtype, epsilon, image layout, threads, checks."""

import importlib
from typing import Any, Dict, List

from gradmill import _core
from gradmill.errors import ArgumentError

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_state: Dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}

# Keras has them here, too; `mixed_precision` stands above this module.
_OF_MIXED_PRECISION = ("dtype_policy", "set_dtype_policy")


def __getattr__(name: str) -> Any:
    if name in _OF_MIXED_PRECISION:
        return getattr(importlib.import_module("gradmill.mixed_precision"), name)
    raise AttributeError(f"module 'gradmill.config' has no attribute {name!r}")


def floatx() -> str:
    """Return the default float dtype, "float32" unless changed."""
    return _state["floatx"]


def set_floatx(value: str) -> None:
    """Set the default float dtype.

    Args:
        value: "float16", "bfloat16", "float32" or "float64".

    Raises:
        ArgumentError: for anything else.
    """
    if value not in _FLOAT_TYPES:
        raise ArgumentError(f"set_floatx: expected one of {', '.join(_FLOAT_TYPES)}; received {value!r}")
    _core.set_default_float(value)
    _state["floatx"] = value


def epsilon() -> float:
    """Return the small number that guards divisions and logarithms, 1e-7 unless changed."""
    return _state["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon` returns.

    Args:
        value: small positive number.
    """
    _state["epsilon"] = float(value)


def image_data_format() -> str:
    """Return "channels_last" or "channels_first"."""
    return _state["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set the layout that layers assume for images.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: for anything else.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ArgumentError(
            f"set_image_data_format: expected 'channels_last' or 'channels_first'; received {data_format!r}"
        )
    _state["image_data_format"] = data_format


def set_threads(threads: int) -> None:
    """Set how many threads kernels use; results do not depend on it.

    Args:
        threads: at least 1, or 0 for as many as this process may use.

    Raises:
        ArgumentError: below 0 or above 1024.
    """
    _core.set_thread_count(int(threads))


def get_threads() -> int:
    """Return how many threads kernels use."""
    return _core.thread_count()


def set_memory_limit(mebibytes: int) -> None:
    """Set the memory that this process should keep to; a batch that needs more is refused before its first step.

    Args:
        mebibytes: at least 1, or 0 for what the machine and the control group of the process allow; the environment
            variable `GRADMILL_MEMORY_LIMIT` sets it at the start.

    Raises:
        ArgumentError: a negative number, or none.
    """
    if isinstance(mebibytes, bool) or not isinstance(mebibytes, int) or not 0 <= mebibytes < 2**31:
        raise ArgumentError(f"set_memory_limit: expected a number of mebibytes, or 0; received {mebibytes!r}")
    _core.set_memory_limit_mebibytes(mebibytes)


def get_memory_limit() -> int:
    """Return the memory in mebibytes that this process should keep to, 0 for what the system allows."""
    return _core.memory_limit_mebibytes()


def set_kernel_tuning(on: bool = True) -> None:
    """Choose the kernels of convolutions by measuring them; off unless `GRADMILL_TUNE=1` is set.

    The kernels that can do a convolution are measured when its shape is first met, which adds a second or so to the
    first step of a large network. The choices are kept for later runs below `$XDG_CACHE_HOME/gradmill`, or
    `~/.cache/gradmill`, for each processor, shape and dtype. What is compiled already keeps its kernels.

    Kernels differ in rounding: with tuning, the last bits of results may differ between machines and from results
    without tuning. They do not depend on the number of threads. Without tuning they follow from seed and data alone.

    Args:
        on: False returns to the choice by fixed rules.

    Example:
        >>> import gradmill as gm
        >>> gm.config.set_kernel_tuning(True)
        >>> gm.config.kernel_tuning_enabled()
        True
        >>> gm.config.set_kernel_tuning(False)
    """
    _core.set_kernel_tuning(bool(on))


def kernel_tuning_enabled() -> bool:
    """Return whether the kernels of convolutions are chosen by measuring them."""
    return _core.kernel_tuning()


def instruction_set() -> str:
    """Return the instruction-set level of the kernels in use: "generic", "avx2", "avx512" or "neon"."""
    return _core.instruction_set()


def usable_instruction_sets() -> List[str]:
    """Return the levels that this CPU can run, slowest first. `GRADMILL_ISA` forces one."""
    return _core.usable_instruction_sets()


def enable_nan_checks(on: bool = True) -> None:
    """Check every result of every compiled step and of every eager op for NaN and infinity; slow.

    It finds where a NaN comes from: a bad result raises `NonFiniteError`, which names layer and op, and the step of a
    compiled function.

    Args:
        on: False switches them off.
    """
    _core.set_check_nan(bool(on))


def disable_nan_checks() -> None:
    """Switch the checks of `enable_nan_checks` off."""
    _core.set_check_nan(False)


def nan_checks_enabled() -> bool:
    """Return whether results are checked for NaN and infinity."""
    return _core.check_nan()


def standardize_dtype(dtype: Any) -> str:
    """Return a dtype's name for a name, a NumPy dtype or a Python type; None means `floatx()`.

    Args:
        dtype: name, NumPy dtype, Python type or None.

    Returns:
        name, such as "float32".

    Raises:
        DTypeError: for an unknown dtype.

    Example:
        >>> import gradmill as gm
        >>> gm.config.standardize_dtype(float)
        'float32'
    """
    if dtype is None:
        return floatx()
    return _core.promote_types(dtype, dtype)
