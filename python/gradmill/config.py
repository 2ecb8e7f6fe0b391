"""Settings of this process: default dtype, epsilon, image layout, limits, threads, checks, messages."""

import importlib
import os
from typing import Any, Dict, List, Optional

from gradmill import _core
from gradmill.errors import ArgumentError, UnsupportedError

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_nan_checks",
    "disable_traceback_filtering",
    "dtype_policy",  # noqa: F822 - by __getattr__
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_nan_checks",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "get_memory_limit",
    "get_threads",
    "image_data_format",
    "instruction_set",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "kernel_tuning_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "nan_checks_enabled",
    "set_backend",
    "set_dtype_policy",  # noqa: F822
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_kernel_tuning",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "set_memory_limit",
    "set_threads",
    "standardize_dtype",
    "usable_instruction_sets",
]

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_state: Dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "interactive_logging": True,
    "traceback_filtering": True,
    "flash_attention": None,
}

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


def backend() -> str:
    """Return "gradmill": what computes."""
    return "gradmill"


def set_backend(backend: str) -> None:
    """Accept the engine that is there, and no other.

    Args:
        backend: "gradmill".

    Raises:
        UnsupportedError: any other name.

    Example:
        >>> import gradmill as gm
        >>> gm.config.set_backend("gradmill")
    """
    if backend != "gradmill":
        raise UnsupportedError(f"set_backend: expected 'gradmill', the one engine there is; received {backend!r}")


def max_epochs() -> Optional[int]:
    """Return the most epochs that `fit` runs, None for no limit; `KERAS_MAX_EPOCHS` sets it at the start."""
    return _state["max_epochs"]


def set_max_epochs(max_epochs: Optional[int]) -> None:
    """Limit the epochs of every `fit`, so that a long script can be tried out.

    Args:
        max_epochs: at least 1; None or 0 for no limit.

    Raises:
        ArgumentError: for anything else.

    Example:
        >>> import gradmill as gm
        >>> gm.config.set_max_epochs(2)
        >>> gm.config.max_epochs()
        2
        >>> gm.config.set_max_epochs(None)
    """
    _state["max_epochs"] = _limit("set_max_epochs", max_epochs)


def max_steps_per_epoch() -> Optional[int]:
    """Return the most steps of an epoch, None for no limit; `KERAS_MAX_STEPS_PER_EPOCH` sets it at the start."""
    return _state["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: Optional[int]) -> None:
    """Limit the steps of every epoch of `fit`, and those of `evaluate` and `predict`.

    Args:
        max_steps_per_epoch: at least 1; None or 0 for no limit.

    Raises:
        ArgumentError: for anything else.

    Example:
        >>> import gradmill as gm
        >>> gm.config.set_max_steps_per_epoch(10)
        >>> gm.config.max_steps_per_epoch()
        10
        >>> gm.config.set_max_steps_per_epoch(None)
    """
    _state["max_steps_per_epoch"] = _limit("set_max_steps_per_epoch", max_steps_per_epoch)


def _limit(name: str, value: Any) -> Optional[int]:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value or None
    raise ArgumentError(f"{name}: expected an integer of at least 1, or None; received {value!r}")


def _limit_of_environment(name: str) -> Optional[int]:
    text = os.environ.get(name, "")
    return _limit(name, int(text) if text.isdigit() else text or None)


_state["max_epochs"] = _limit_of_environment("KERAS_MAX_EPOCHS")
_state["max_steps_per_epoch"] = _limit_of_environment("KERAS_MAX_STEPS_PER_EPOCH")


def enable_interactive_logging() -> None:
    """Write progress, summaries and messages of callbacks to standard output, as at the start."""
    _state["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Write progress, summaries and messages of callbacks to the log "gradmill", at the level INFO.

    Python shows lines of that level only if it is told to, with `logging.basicConfig(level="INFO")`, say.

    Example:
        >>> import gradmill as gm
        >>> gm.config.disable_interactive_logging()
        >>> gm.config.is_interactive_logging_enabled()
        False
        >>> gm.config.enable_interactive_logging()
    """
    _state["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Return whether progress and messages go to standard output; else they go to the log."""
    return _state["interactive_logging"]


def enable_traceback_filtering() -> None:
    """Accepted, as at the start: errors are raised near the user's call, so there are few lines to leave out."""
    _state["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Accepted; tracebacks are whole in any case."""
    _state["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """Return what was last set; tracebacks are whole in any case."""
    return _state["traceback_filtering"]


def enable_flash_attention() -> None:
    """Accepted: attention never makes the array of all scores, whatever is set."""
    _state["flash_attention"] = None


def disable_flash_attention() -> None:
    """Accepted; attention is computed in the same way."""
    _state["flash_attention"] = False


def is_flash_attention_enabled() -> Optional[bool]:
    """Return False after `disable_flash_attention`, else None, as Keras does."""
    return _state["flash_attention"]


def is_nnx_enabled() -> bool:
    """Return False: there are no modules of another library here."""
    return False


def enable_unsafe_deserialization() -> None:
    """Refuse: code that is stored in a file is never run, whatever is set.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        "enable_unsafe_deserialization: code stored in files is never run; pass your functions and classes as "
        "custom_objects of load_model, or register them with saving.register_keras_serializable"
    )


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
