"""Several optimizers as one, each with variables of its own."""

import re
from typing import Any, Callable, Iterable, Iterator, Mapping, MutableMapping, Optional, Sequence, Union

from gradmill import errors, serialization, tracing
from gradmill.optimizers.base import Optimizer
from gradmill.optimizers.loss_scale import LossScaleOptimizer
from gradmill.variable import Variable


class OptimizerMap(MutableMapping):
    """Optimizers by the paths of variables.

    A key is a path or a regular expression that fits whole paths; a path that stands there itself goes first.

    Args:
        default_optimizer: for paths that no key fits.
        optimizer_map: None, or a dictionary from keys to optimizers.

    Raises:
        TypeError: another default than an optimizer, or another map than a dictionary.
        ArgumentError: a key that is no text or is there already, a value that is no optimizer or one of several or
            with a loss scale of its own; when asked, a path that several keys fit.

    Example:
        >>> import gradmill as gm
        >>> chosen = gm.optimizers.OptimizerMap(gm.optimizers.SGD(), {"encoder/.*": gm.optimizers.Adam()})
        >>> type(chosen["encoder/dense/kernel"]).__name__, type(chosen["head/kernel"]).__name__
        ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Optional[dict[str, Optimizer]] = None):
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"OptimizerMap: default_optimizer must be an Optimizer; received {default_optimizer!r}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"OptimizerMap: optimizer_map must be a dictionary or None; received {optimizer_map!r}")
        self._default_optimizer = default_optimizer
        self._optimizer_map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer for paths that no key fits."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        fitting = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise errors.ArgumentError(
                f"OptimizerMap: expected at most one key to fit {key!r}; received {fitting}; make the patterns exclude "
                "each other"
            )
        return self._optimizer_map[fitting[0]] if fitting else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise errors.ArgumentError(f"OptimizerMap: expected a key that is a text; received {key!r}")
        if key in self._optimizer_map:
            raise errors.ArgumentError(
                f"OptimizerMap: expected a new key; received {key!r}, which stands for {self._optimizer_map[key]!r}; "
                "delete it first"
            )
        self._optimizer_map[key] = _checked("OptimizerMap", key, optimizer)

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """Return the optimizer of a variable."""
        return self[variable.path]

    def get_config(self) -> dict:
        """Return the arguments that make this map again."""
        return {
            "default_optimizer": serialization.serialize_object(self._default_optimizer),
            "optimizer_map": serialization.serialize_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: Optional[Mapping[str, Any]] = None) -> "OptimizerMap":
        """Return the map that `get_config` described."""
        return cls(**{key: serialization.deserialize_object(value, custom_objects) for key, value in config.items()})


class MultiOptimizer(Optimizer):
    """Several optimizers as one: each updates the variables that a map gives it.

    It has no learning rate: set those of `optimizers`, its parts. Weight decay, clipping, averages and accumulation
    are theirs, too. Variables that their optimizer gets no gradient for are left as they are.

    Args:
        optimizer_map: an `OptimizerMap`, or a function from a variable to its optimizer.
        loss_scale_factor: as in `Optimizer`; the parts take it over.
        name: as in `Optimizer`.

    Raises:
        ArgumentError: when built, a map that gives anything but an optimizer without loss scale that is not one of
            several itself.
        AttributeError: when the learning rate is read or set.

    Example:
        >>> import gradmill as gm
        >>> a, b = gm.Variable([1.0], name="a"), gm.Variable([1.0], name="b")
        >>> chosen = gm.optimizers.OptimizerMap(gm.optimizers.SGD(0.5), {"b": gm.optimizers.SGD(0.25)})
        >>> gm.optimizers.MultiOptimizer(chosen).apply([gm.ops.ones(1), gm.ops.ones(1)], [a, b])
        >>> a.numpy().tolist(), b.numpy().tolist()
        ([0.5], [0.75])
    """

    def __init__(
        self,
        optimizer_map: Union[OptimizerMap, Callable[[Variable], Optimizer]],
        loss_scale_factor: Optional[float] = None,
        name: Optional[str] = None,
    ):
        if not callable(optimizer_map):
            raise errors.ArgumentError(
                "MultiOptimizer: expected optimizer_map to be an OptimizerMap or a function; received "
                f"{optimizer_map!r}; pass OptimizerMap(default_optimizer, {{pattern: optimizer}})"
            )
        self._parts: list[Optimizer] = []
        self._part_of: dict[int, Optimizer] = {}
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for key, optimizer in optimizer_map.items():
                self._add_part(key, optimizer)
            self._add_part("default_optimizer", optimizer_map.default_optimizer)

    def _add_part(self, label: str, optimizer: Any) -> Optimizer:
        if not any(optimizer is part for part in self._parts):
            self._parts.append(_checked("MultiOptimizer", label, optimizer))
            optimizer.loss_scale_factor = self.loss_scale_factor
        return optimizer

    def build(self, variables: Sequence[Variable]) -> None:
        """Share out the variables and make the state of all parts."""
        if self.built:
            return
        variables = list(variables)
        chosen = [self._add_part(variable.path, self._optimizer_map(variable)) for variable in variables]
        for part in self._parts:
            own = [variable for variable, optimizer in zip(variables, chosen) if optimizer is part]
            if own:
                part.build(own)
        self._part_of = {id(variable): optimizer for variable, optimizer in zip(variables, chosen)}
        super().build(variables)

    @property
    def optimizers(self) -> list[Optimizer]:
        """The parts, in the order of the map; the default is last."""
        return list(self._parts)

    @property
    def variables(self) -> list[Variable]:
        """Own state, then that of the parts."""
        return [*self._variables, *(variable for part in self._parts for variable in part.variables)]

    @property
    def learning_rate(self) -> Any:
        """None of its own: raises AttributeError."""
        raise AttributeError("MultiOptimizer: it has no learning_rate; read that of each of its .optimizers")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError("MultiOptimizer: it has no learning_rate; set that of each of its .optimizers")

    def exclude_from_weight_decay(
        self, var_list: Optional[Iterable[Variable]] = None, var_names: Optional[Iterable[str]] = None
    ) -> None:
        """Weight decay belongs to the parts: raises UnsupportedError."""
        raise errors.UnsupportedError(
            "MultiOptimizer: exclude_from_weight_decay(...) is not supported, as weight decay belongs to its parts; "
            "call it on the optimizers of the map"
        )

    def _is_traceable(self) -> bool:
        return all(part._is_traceable() for part in self._parts)

    def _run_step(self, grads: list, variables: list) -> None:
        # Each part compiles its own step and notices when its hyperparameters change.
        for part, own_grads, own in self._shared_out(grads, variables):
            part._run_step(own_grads, own)
        self._iterations.assign(self._iterations + 1)

    def _step(self, grads: list, variables: list) -> None:
        with tracing.name_scope(self.name):
            for part, own_grads, own in self._shared_out(grads, variables):
                part._step(own_grads, own)
            self._iterations.assign(self._iterations + 1)

    def _shared_out(self, grads: list, variables: list) -> Iterator[tuple[Optimizer, list, list]]:
        for part in self._parts:
            pairs = [pair for pair in zip(grads, variables) if self._part_of[id(pair[1])] is part]
            if pairs:
                yield part, [gradient for gradient, _ in pairs], [variable for _, variable in pairs]

    def averaged_variables(self) -> Iterator[tuple[Variable, Variable]]:
        """Yield the trained variables with their moving averages, where the parts keep them."""
        for part in self._parts:
            yield from part.averaged_variables()

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        return {
            "optimizer_map": serialization.serialize_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: Optional[Mapping[str, Any]] = None) -> "MultiOptimizer":
        """Return the optimizer that `get_config` described."""
        chosen = serialization.deserialize_object(config["optimizer_map"], custom_objects)
        return cls(**{**config, "optimizer_map": chosen})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "loss_scale_factor":
            for part in self._parts:
                part.loss_scale_factor = value


def _checked(owner: str, label: str, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise errors.ArgumentError(
            f"{owner}: expected an Optimizer for {label!r}, not a LossScaleOptimizer or MultiOptimizer; received "
            f"{optimizer!r}; pass for example Adam()"
        )
    return optimizer
