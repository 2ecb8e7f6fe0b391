"""`tf.config` and other settings: one CPU, no other device."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any, Callable, Iterator, NamedTuple, Optional

import numpy as np

from gradmill import _core, config
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.functions import accept, functions_run_eagerly, run_functions_eagerly

_state: dict[str, Any] = {"jit": False, "experimental": {}}


class Device(NamedTuple):
    """A device: its name and kind."""

    name: str
    device_type: str


def list_physical_devices(device_type: Optional[str] = None) -> list[Device]:
    """`tf.config.list_physical_devices`: the CPU; nothing for other kinds."""
    return [Device("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: Optional[str] = None) -> list[Device]:
    """`tf.config.list_logical_devices`: the CPU; nothing for other kinds."""
    return [Device("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def set_visible_devices(devices: Any, device_type: Optional[str] = None) -> None:
    """`tf.config.set_visible_devices`: the CPU stays visible.

    Raises:
        ArgumentError: a device that `list_physical_devices` does not name.
    """
    for each in [devices] if isinstance(devices, (str, Device)) else devices or []:
        if isinstance(each, Device) or each in ("CPU", *Device("/physical_device:CPU:0", "CPU")):
            continue
        raise ArgumentError(
            f"tf.config.set_visible_devices: expected devices of list_physical_devices; received {each!r}"
        )


class Options:
    """`tf.data.Options`: takes any attribute, and attributes of these; pipelines run in their own way.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> options = tf.data.Options()
        >>> options.threading.private_threadpool_size = 4
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, Options())
        return getattr(self, name)


def set_jit(enabled: Any) -> None:
    """`tf.config.optimizer.set_jit`: kept for get_jit; functions are compiled whole in any case."""
    _state["jit"] = enabled


def get_jit() -> Any:
    """`tf.config.optimizer.get_jit`: what set_jit was given."""
    return _state["jit"]


def set_experimental_options(options: dict) -> None:
    """`tf.config.optimizer.set_experimental_options`: kept for get_experimental_options."""
    _state["experimental"].update(options)


def get_experimental_options() -> dict:
    """`tf.config.optimizer.get_experimental_options`: what was set."""
    return dict(_state["experimental"])


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """`tf.device`: a context in which ops run on the CPU, as everywhere."""
    yield


def executing_eagerly() -> bool:
    """`tf.executing_eagerly`: whether ops run at once, which they do outside of compiled functions."""
    return not _core.is_tracing()


def print_values(*inputs: Any, **options: Any) -> None:
    """`tf.print`: values of tensors without their dtypes, to standard error or where `output_stream` says."""
    stream = options.get("output_stream") or sys.stderr
    shown = (
        np.array2string(np.asarray(each), separator=" ") if isinstance(each, (_core.Tensor, _core.Variable)) else each
        for each in inputs
    )
    print(*shown, sep=options.get("sep", " "), end=options.get("end", "\n"), file=stream)


def get_logger() -> logging.Logger:
    """`tf.get_logger`: the logger named "tensorflow"."""
    return logging.getLogger("tensorflow")


def _checked(holds: Any, who: str, message: Any, *values: Any) -> None:
    if _core.is_tracing():  # values are not there yet
        return
    if not bool(np.all(np.asarray(holds))):
        shown = ", ".join(np.array2string(np.asarray(each), threshold=10) for each in values)
        raise ArgumentError(f"tf.debugging.{who}: expected the condition to hold; received {shown}; {message or ''}")


def _assertion(name: str, compare: Callable) -> Callable:
    def check(x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None) -> None:
        _checked(_core.is_tracing() or compare(np.asarray(x), np.asarray(y)), who, message, x, y)

    who = f"assert_{name}"
    check.__doc__ = f"`tf.debugging.{who}`: raise unless it holds for all values."
    return check


def assert_shapes(shapes: Any, **_: Any) -> None:
    """`tf.debugging.assert_shapes`: raise unless sizes are the stated ones; letters stand for equal sizes."""
    sizes: dict[Any, int] = {}
    for tensor, wanted in dict(shapes).items() if isinstance(shapes, dict) else shapes:
        for size, mark in zip(tensor.shape, wanted):
            known = mark if isinstance(mark, int) else sizes.setdefault(mark, size)
            if mark is not None and size != known:
                raise ArgumentError(
                    f"tf.debugging.assert_shapes: expected {tuple(wanted)} with {mark}={known}; received "
                    f"{tuple(tensor.shape)}"
                )


def check_numerics(tensor: Any, message: str = "", name: Any = None) -> Any:
    """`tf.debugging.check_numerics`: the tensor; raise when a value is NaN or infinite."""
    _checked(_core.is_tracing() or np.isfinite(np.asarray(tensor)), "check_numerics", message, tensor)
    return tensor


def check_that(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> None:
    """`tf.debugging.Assert`: raise with the data unless the condition holds."""
    _checked(_core.is_tracing() or condition, "Assert", "", *data)


def _sign_assertion(name: str, compare: Callable) -> Callable:
    def check(x: Any, message: Any = None, summarize: Any = None, name: Any = None) -> None:
        _checked(_core.is_tracing() or compare(np.asarray(x), 0), who, message, x)

    who = f"assert_{name}"
    check.__doc__ = f"`tf.debugging.{who}`: raise unless all values are."
    return check


def _rank_assertion(name: str, fits: Callable) -> Callable:
    def check(x: Any, rank: Any, message: Any = None, name: Any = None) -> None:
        found = len(np.shape(x))
        if not fits(found, rank):
            raise ArgumentError(
                f"tf.debugging.{who}: expected rank {rank}; received shape {tuple(np.shape(x))}; {message or ''}"
            )

    who = f"assert_{name}"
    check.__doc__ = f"`tf.debugging.{who}`: raise unless the number of axes fits."
    return check


def assert_scalar(tensor: Any, name: Any = None, message: Any = None) -> Any:
    """`tf.debugging.assert_scalar`: the tensor; raise unless it has no axes."""
    if np.shape(tensor) != ():
        raise ArgumentError(f"tf.debugging.assert_scalar: received shape {tuple(np.shape(tensor))}; {message or ''}")
    return tensor


def assert_type(tensor: Any, tf_type: Any, message: Any = None, name: Any = None) -> None:
    """`tf.debugging.assert_type`: raise unless the dtype is this one."""
    if as_dtype(tensor.dtype) != as_dtype(tf_type):
        raise ArgumentError(f"tf.debugging.assert_type: expected {tf_type}; received {tensor.dtype}; {message or ''}")


def assert_integer(x: Any, message: Any = None, name: Any = None) -> None:
    """`tf.debugging.assert_integer`: raise unless the dtype is one of integers."""
    if not as_dtype(x.dtype).is_integer:
        raise ArgumentError(f"tf.debugging.assert_integer: received {x.dtype}; {message or ''}")


DEBUGGING: dict[str, Any] = {
    "Assert": check_that, "assert_shapes": assert_shapes, "check_numerics": check_numerics,
    "disable_check_numerics": config.disable_nan_checks, "enable_check_numerics": config.enable_nan_checks,
    "set_log_device_placement": accept,
    "assert_equal": _assertion("equal", np.equal), "assert_greater": _assertion("greater", np.greater),
    "assert_greater_equal": _assertion("greater_equal", np.greater_equal), "assert_less": _assertion("less", np.less),
    "assert_less_equal": _assertion("less_equal", np.less_equal),
    "assert_near": _assertion("near", lambda x, y: np.isclose(x, y, rtol=1e-5, atol=1e-5)),
    "assert_none_equal": _assertion("none_equal", np.not_equal), "assert_all_finite": check_numerics,
    "assert_negative": _sign_assertion("negative", np.less),
    "assert_non_negative": _sign_assertion("non_negative", np.greater_equal),
    "assert_non_positive": _sign_assertion("non_positive", np.less_equal),
    "assert_positive": _sign_assertion("positive", np.greater),
    "assert_rank": _rank_assertion("rank", lambda found, rank: found == rank),
    "assert_rank_at_least": _rank_assertion("rank_at_least", lambda found, rank: found >= rank),
    "assert_rank_in": _rank_assertion("rank_in", lambda found, ranks: found in ranks),
    "assert_integer": assert_integer, "assert_scalar": assert_scalar, "assert_type": assert_type,
}  # fmt: skip
DEVICES: dict[str, Any] = {
    "get_visible_devices": list_physical_devices, "list_logical_devices": list_logical_devices,
    "list_physical_devices": list_physical_devices, "set_visible_devices": set_visible_devices,
}  # fmt: skip
EXPERIMENTAL: dict[str, Any] = {
    **DEVICES, "enable_op_determinism": accept, "enable_tensor_float_32_execution": accept,
    "get_memory_growth": lambda device: False,
    "set_memory_growth": accept, "set_synchronous_execution": accept, "set_virtual_device_configuration": accept,
}  # fmt: skip
THREADING: dict[str, Any] = {
    "get_inter_op_parallelism_threads": lambda: 1, "get_intra_op_parallelism_threads": config.get_threads,
    "set_inter_op_parallelism_threads": accept, "set_intra_op_parallelism_threads": config.set_threads,
}  # fmt: skip
OPTIMIZER: dict[str, Any] = {
    "get_experimental_options": get_experimental_options, "get_jit": get_jit,
    "set_experimental_options": set_experimental_options, "set_jit": set_jit,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    **DEVICES, "experimental_functions_run_eagerly": functions_run_eagerly,
    "experimental_run_functions_eagerly": run_functions_eagerly, "functions_run_eagerly": functions_run_eagerly,
    "get_soft_device_placement": lambda: True, "run_functions_eagerly": run_functions_eagerly,
    "set_logical_device_configuration": accept, "set_soft_device_placement": accept,
}  # fmt: skip
