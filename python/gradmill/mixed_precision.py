"""Dtype policies: which dtype a layer computes in and which dtype its variables have."""

from __future__ import annotations

import importlib
import logging
from typing import Any, Optional, Union

from gradmill import _core, config
from gradmill.errors import ArgumentError, DTypeError
from gradmill.serialization import deserialize_object, register_serializable

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "LossScaleOptimizer",  # noqa: F822 - by __getattr__
    "Policy",
    "dtype_policy",
    "get_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
# Instructions for each half type: those that multiply it, and those that convert it.
_UNITS = {"float16": ("AVX512-FP16", "F16C"), "bfloat16": ("AVX512-BF16", "AMX-BF16")}
_global_policy: Optional[DTypePolicy] = None
_log = logging.getLogger("gradmill")
_described: set[str] = set()


@register_serializable("keras", aliases=("FloatDTypePolicy",))
class DTypePolicy:
    """Pair of dtypes a layer works with.

    Args:
        name: a dtype such as "float32" (used for both), or "mixed_float16" or "mixed_bfloat16" (computes in half
            precision, keeps variables in float32); None for the global policy's name.

    Raises:
        DTypeError: an unknown name.

    Example:
    >>> DTypePolicy("mixed_bfloat16").variable_dtype
    'float32'
    """

    def __init__(self, name: Optional[str] = None):
        if name is None:
            name = dtype_policy().name
        if isinstance(name, str) and name.startswith("mixed") and name not in _MIXED:
            raise DTypeError(
                f"dtype policy: unknown policy {name!r}; expected {' or '.join(map(repr, _MIXED))}, or a dtype such as "
                "'float32' for computations and variables"
            )
        self._name = name if name in _MIXED else config.standardize_dtype(name)
        self._compute_dtype = _MIXED.get(self._name, self._name)
        self._variable_dtype = "float32" if self._name in _MIXED else self._name

    @property
    def name(self) -> str:
        """Name of the policy."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Dtype of a layer's computations and outputs."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """Dtype of a layer's variables."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> None:
        """None: there are no layers of quantized weights."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Build a policy from `get_config`'s result."""
        return cls(**config)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


def get_policy(identifier: Union[None, str, dict, DTypePolicy, Any] = None) -> DTypePolicy:
    """Return the policy for what a layer's `dtype` argument may hold; None gives the global policy.

    Args:
        identifier: None, a name, a dtype, a configuration or a policy.

    Raises:
        ArgumentError: a configuration that does not describe a policy.
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        found = deserialize_object(identifier)
        if not isinstance(found, DTypePolicy):
            raise ArgumentError(f"dtype: expected the configuration of a policy; received {identifier!r}; pass a dtype")
        return found
    return DTypePolicy(identifier if isinstance(identifier, str) else config.standardize_dtype(identifier))


def dtype_policy() -> DTypePolicy:
    """Return the policy layers get when none is given: the one set, else `config.floatx()`."""
    return _global_policy if _global_policy is not None else DTypePolicy(config.floatx())


def set_dtype_policy(policy: Union[None, str, DTypePolicy]) -> None:
    """Set the policy of layers made from now on; None goes back to `config.floatx()`.

    The first time a mixed policy is set, one line of the log "gradmill" says what this processor has for it.

    Args:
        policy: a policy, its name, a floating-point dtype, or None.

    Raises:
        DTypeError: an unknown name, or a dtype that layers cannot compute in: integers and bool.
    """
    global _global_policy
    found = None if policy is None else get_policy(policy)
    if found is not None and "float" not in found.compute_dtype:
        raise DTypeError(
            f"dtype policy: layers cannot compute in {found.compute_dtype!r}; expected a floating-point dtype or "
            f"{' or '.join(_MIXED)}; for a single layer pass dtype={found.compute_dtype!r} to it"
        )
    _global_policy = found
    if _global_policy is not None and _global_policy.name in _MIXED and _global_policy.name not in _described:
        _described.add(_global_policy.name)
        _log.warning("%s", describe_processor(_global_policy.name))


def describe_processor(policy: str) -> str:
    """Return in one line what this processor has for a mixed policy and what to expect of it.

    Args:
        policy: "mixed_float16" or "mixed_bfloat16".

    Raises:
        ArgumentError: another name.

    Example:
    >>> describe_processor("mixed_bfloat16").split(":")[0]
    'mixed_bfloat16'
    """
    if policy not in _MIXED:
        raise ArgumentError(f"policy: expected one of {', '.join(_MIXED)}; received {policy!r}; pass one of these")
    dtype = _MIXED[policy]
    found = [unit for unit in _UNITS[dtype] if unit in _core.half_precision_units()]
    has = f"has {' and '.join(found)}" if found else f"has no instructions for {dtype}"
    speed = "at about the speed of float32"
    if "AMX-BF16" in found:
        speed = "and faster products and convolutions, which AMX multiplies"
    elif dtype == "bfloat16" and found:
        speed = "and products at the speed of float32 or faster, as a short trial decides"
    return (
        f"{policy}: this processor ({_core.cpu_model()}) {has}. Values are stored in {dtype} and computed in float32: "
        f"expect activations of about half the size, {speed}"
    )


global_policy = dtype_policy
set_global_policy = set_dtype_policy
Policy = FloatDTypePolicy = DTypePolicy


def __getattr__(name: str) -> Any:
    if name == "LossScaleOptimizer":  # stands above this module
        return importlib.import_module("gradmill.optimizers").LossScaleOptimizer
    raise AttributeError(f"module 'gradmill.mixed_precision' has no attribute {name!r}")
