"""Policies of dtypes under Keras's names, and policies by the place of a layer.

Example:
    >>> import gradmill as gm
    >>> gm.dtype_policies.get("mixed_bfloat16").compute_dtype
    'bfloat16'
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Iterator, Mapping, Optional

from gradmill import serialization
from gradmill.errors import ArgumentError
from gradmill.mixed_precision import DTypePolicy, FloatDTypePolicy
from gradmill.mixed_precision import get_policy as get

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]


@serialization.register_serializable("keras.dtype_policies")
class DTypePolicyMap(DTypePolicy, MutableMapping):
    """Policies of layers by their paths: the `dtype` of a layer that is made of layers.

    Args:
        default_policy: policy, or its name, of all other paths; None for the global policy.
        policy_map: dict from paths, or regular expressions that match whole paths, to policies.

    Raises:
        ArgumentError: a default that is a map itself.
        TypeError: a `policy_map` that is no dict.

    Example:
        >>> import gradmill as gm
        >>> policies = gm.dtype_policies.DTypePolicyMap("float32", {"block/.*": gm.DTypePolicy("mixed_bfloat16")})
        >>> policies["block/dense"].name, policies["head"].name
        ('mixed_bfloat16', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: Optional[dict] = None):
        if isinstance(default_policy, DTypePolicyMap):
            raise ArgumentError("DTypePolicyMap: expected one policy as the default; received a map of policies")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(f"DTypePolicyMap: expected policy_map to be a dict; received {policy_map!r}")
        self._given_default = default_policy
        if default_policy is not None:
            get(default_policy)  # refused here rather than at its first use
        self._policies: dict[str, DTypePolicy] = {}
        self.update(policy_map or {})

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of paths that match nothing."""
        return get(self._given_default)

    @property
    def name(self) -> str:
        """Name of the default policy behind "map_"."""
        return f"map_{self.default_policy.name}"

    @property
    def compute_dtype(self) -> str:
        """Compute dtype of the default policy."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """Dtype of variables of the default policy."""
        return self.default_policy.variable_dtype

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policies:
            return self._policies[path]
        fitting = [pattern for pattern in self._policies if re.fullmatch(pattern, path)]
        if len(fitting) > 1:
            raise ArgumentError(f"DTypePolicyMap: expected one pattern to match {path!r}; received {fitting}")
        return self._policies[fitting[0]] if fitting else self.default_policy

    def __setitem__(self, path: str, policy: Any) -> None:
        if path in self._policies:
            raise ArgumentError(f"DTypePolicyMap: expected a new path; received {path!r}, which is there; delete it")
        self._policies[path] = get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __contains__(self, path: Any) -> bool:
        return path in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, DTypePolicyMap) and other.get_config() == self.get_config()

    __hash__ = None  # type: ignore[assignment]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"default_policy": self._given_default, "policy_map": serialization.serialize_dict(self._policies)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """Build a map from `get_config`'s result."""
        policies = {path: get(each) for path, each in (config.get("policy_map") or {}).items()}
        default = config.get("default_policy")
        return cls(get(default) if isinstance(default, dict) else default, policies)

    def __repr__(self) -> str:
        names = {path: policy.name for path, policy in self._policies.items()}
        return f"<DTypePolicyMap default_policy={self.default_policy.name}, {names}>"


def serialize(dtype_policy: DTypePolicy) -> Any:
    """Return the configuration of a policy.

    Args:
        dtype_policy: the policy.

    Returns:
        dict in Keras's form.

    Example:
        >>> import gradmill as gm
        >>> gm.dtype_policies.serialize(gm.DTypePolicy("float16"))["config"]
        {'name': 'float16'}
    """
    return serialization.serialize_object(dtype_policy)


def deserialize(config: Any, custom_objects: Optional[Mapping[str, Any]] = None) -> Any:
    """Return the policy that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: further names to classes.

    Returns:
        `DTypePolicy`.

    Raises:
        ArgumentError: a class that does not exist.
    """
    return serialization.deserialize_object(config, custom_objects)
