"""What an optimizer remembers: settings, step counter, learning rate, slots; and how it is saved."""

import re
import warnings
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from gradmill import errors, ops, serialization
from gradmill.losses import support
from gradmill.optimizers import schedules
from gradmill.optimizers.arguments import COMMON_ARGUMENTS, with_common_arguments
from gradmill.variable import Variable


class OptimizerState:
    """Settings and variables of an optimizer; the arguments are described in `Optimizer`."""

    weight_decay: Optional[float]
    clipnorm: Optional[float]
    clipvalue: Optional[float]
    global_clipnorm: Optional[float]
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: Optional[int]
    loss_scale_factor: Optional[float]
    gradient_accumulation_steps: Optional[int]
    built: bool
    _restore_later: Optional[Callable[[Variable], None]] = None  # gives new variables a checkpoint's values

    @with_common_arguments
    def __init__(self, learning_rate: Any, **common: Any):
        settings = {**COMMON_ARGUMENTS, **common}
        self.name = settings["name"] or support.auto_name(type(self).__name__)
        for argument, value in settings.items():
            if argument != "name":
                setattr(self, argument, value)
        self._check_settings()
        self.built = False
        self._variables: List[Variable] = []
        self._trainable_variables: List[Variable] = []
        self._index_of: Dict[int, int] = {}
        self._averages: List[Variable] = []
        self._accumulated: List[Variable] = []
        self._undecayed: set = set()
        self._undecayed_pattern: Optional[re.Pattern] = None
        self._compiled: Dict[tuple, Callable] = {}
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._learning_rate = learning_rate
        if not callable(learning_rate):
            self._learning_rate = self.add_variable((), self._checked_rate(learning_rate), name="learning_rate")

    def _check_settings(self) -> None:
        owner = type(self).__name__
        clips = {key: getattr(self, key) for key in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(value is not None for value in clips.values()) > 1:
            raise errors.ArgumentError(
                f"{owner}: set at most one of clipnorm, clipvalue and global_clipnorm; received {clips}; keep one"
            )
        steps = self.gradient_accumulation_steps
        if steps and not (isinstance(steps, (int, np.integer)) and steps >= 2):
            raise errors.ArgumentError(
                f"{owner}: gradient_accumulation_steps must be an integer >= 2 or None; received {steps!r}; pass 2"
            )
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise errors.ArgumentError(
                f"{owner}: ema_momentum must be in [0, 1]; received {self.ema_momentum!r}; pass for example 0.99"
            )
        every = self.ema_overwrite_frequency
        if self.use_ema and every and not (isinstance(every, (int, np.integer)) and every >= 1):
            raise errors.ArgumentError(
                f"{owner}: ema_overwrite_frequency must be an integer >= 1 or None; received {every!r}; pass None or 1"
            )

    def _checked_rate(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise errors.ArgumentError(
                f"{type(self).__name__}: learning_rate must be a number, a LearningRateSchedule or a function; "
                f"received {value!r}; pass for example 0.001"
            )
        return float(value)

    @property
    def variables(self) -> List[Variable]:
        """State in the order in which Keras saves it: iteration, learning rate, averages, sums, slots per variable."""
        return list(self._variables)

    @property
    def iterations(self) -> Any:
        """Number of updates so far."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the next step; a number may be assigned to it at any time."""
        if isinstance(self._learning_rate, schedules.LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        current = self._learning_rate
        if callable(value):
            self._variables = [each for each in self._variables if each is not current]
            self._learning_rate = value
            self._compiled.clear()
        elif isinstance(current, Variable):
            current.assign(value)
        elif isinstance(current, schedules.LearningRateSchedule):
            raise TypeError(
                f"{type(self).__name__}: learning_rate is a schedule and cannot be set to {value!r}; "
                "make the optimizer with a number if you want to set it"
            )
        else:
            raise TypeError(
                f"{type(self).__name__}: learning_rate is a function and cannot be set to {value!r}; "
                "make the optimizer with a number if you want to set it"
            )

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables. Subclasses call this first and then make their slots."""
        variables = list(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._trainable_variables = variables
        self._index_of = {id(variable): index for index, variable in enumerate(variables)}
        self.built = True

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: Optional[str] = None,
    ) -> Variable:
        """Make a state variable.

        Args:
            shape: its shape.
            initializer: "zeros", "ones", a number, or anything `initializers.get` takes.
            dtype: default `config.floatx()`.
            aggregation, layout: accepted for code written for Keras; without effect.
            name: name of the variable.
        """
        dtype = support.compute_dtype(dtype)
        variable = Variable(support.initial_array(initializer, shape, dtype), name=name, trainable=False, dtype=dtype)
        variable.path = f"{self.name}/{name or 'variable'}"
        self._variables.append(variable)
        if self._restore_later is not None:
            self._restore_later(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: Optional[str] = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a state variable of the shape and dtype of another variable."""
        path = (getattr(reference_variable, "path", None) or reference_variable.name or "variable").replace("/", "_")
        name = f"{path}_{name or 'var'}".replace(":", "_")
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=name)

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Union[str, Sequence[str]], initializer: Any = "zeros"
    ) -> Any:
        """Make one slot per variable, or several when `name` is a list.

        Args:
            trainable_variables: the variables.
            name: name of the slot, or a list of names; with a list the slots of one variable lie side by side.
            initializer: as in `add_variable`; a list gives one per name.

        Returns:
            A list of slots, or one list per name.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers_ = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(names) != len(initializers_):
            raise errors.ArgumentError(
                f"{type(self).__name__}: expected one initializer per name; received {len(names)} names and "
                f"{len(initializers_)} initializers; make them equal"
            )
        slots: Tuple[list, ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for slot, each, first in zip(slots, names, initializers_):
                slot.append(self.add_variable_from_reference(variable, name=each, initializer=first))
        return slots[0] if isinstance(name, str) else slots

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index_of[id(variable)]

    def assign(self, variable: Variable, value: Any) -> None:
        """Set a variable; the value is cast to its dtype."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        self.assign(variable, variable + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        self.assign(variable, variable - value)

    def get_weights(self) -> List[np.ndarray]:
        """Return the state as NumPy arrays, in the order of `variables`."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state from arrays in the order of `variables`.

        Raises:
            ArgumentError: when their number is wrong; most variables come with `build`.
            ShapeError: when a shape is wrong.
        """
        variables = self.variables
        if len(weights) != len(variables):
            advice = "take those of the same optimizer" if self.built else "call build(variables) first"
            raise errors.ArgumentError(
                f"{type(self).__name__}: set_weights needs {len(variables)} arrays; received {len(weights)}; {advice}"
            )
        for variable, weight in zip(variables, weights):
            if tuple(np.shape(weight)) != tuple(variable.shape):
                raise errors.ShapeError(
                    f"{type(self).__name__}: {variable.name!r} has shape {tuple(variable.shape)}; received "
                    f"{tuple(np.shape(weight))}; the weights belong to another model"
                )
        for variable, weight in zip(variables, weights):
            variable.assign(weight)

    def save_own_variables(self, store: Any) -> None:
        """Write the state into a mapping of arrays, under "0", "1", ..."""
        for index, variable in enumerate(self.variables):
            store[str(index)] = variable

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read the state that `save_own_variables` wrote; another number of variables is skipped with a warning."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"{self.name}: the file holds {len(store.keys())} optimizer variables and the optimizer has "
                f"{len(variables)}; its state is left as it is",
                stacklevel=2,
            )
            return
        self.set_weights([np.asarray(store[str(index)]) for index in range(len(variables))])

    def get_config(self) -> dict:
        """Return the arguments that make this optimizer again."""
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            rate = schedules.serialize(rate)
        elif isinstance(rate, Variable):
            rate = float(rate.numpy())
        else:
            rate = serialization.serialize_object(rate)
        common = {name: getattr(self, name) for name in COMMON_ARGUMENTS if name != "name"}
        return {"name": self.name, "learning_rate": rate, **common}

    @classmethod
    def from_config(cls, config: dict, custom_objects: Optional[Mapping[str, Any]] = None) -> "OptimizerState":
        """Return the optimizer that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = schedules.deserialize(config["learning_rate"], custom_objects)
        return cls(**config)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # Hyperparameters are constants of a compiled update; the learning rate is a state and is not.
        if not name.startswith("_") and name != "learning_rate" and "_compiled" in self.__dict__:
            self._compiled.clear()
