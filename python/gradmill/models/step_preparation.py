"""What happens before steps run: data are checked against the model, variables are made, programs are kept."""

from typing import Any, Callable, List, Optional

from gradmill import config, errors
from gradmill.layers import calling
from gradmill.models import input_checks
from gradmill.models.array_checks import batch_dtype
from gradmill.models.data_adapter import ArrayData
from gradmill.models.model_building import build_for_training
from gradmill.models.step_program import StepProgram
from gradmill.models.training_steps import TrainingSteps
from gradmill.utils import structure
from gradmill.utils.batch_data import unpack_x_y_sample_weight


class StepPreparation(TrainingSteps):
    """The part of a trainer that makes steps ready to run."""

    run_eagerly = False
    _programs: dict

    def _set(self, **attributes: Any) -> None:
        """Set attributes without the tracking of layers, variables and metrics."""
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise errors.ArgumentError(
                f"{getattr(self, 'name', type(self).__name__)}: {method}() needs a compiled model; call compile() first"
            )

    def _host_reader(self) -> Optional[Callable]:
        """Return what turns x into what compiled steps read, None where that is x itself (see `host_part`)."""
        return None

    def _check_host_part(self) -> None:
        part = getattr(getattr(self, "_functional", None) or self, "_host_part", None)
        if part is not None and part.trained_layers:
            raise errors.ArgumentError(
                f"{self.name}: expected weights behind the layers that read text; {', '.join(part.trained_layers)} "
                "come before or hold such layers; call those directly on the input"
            )

    def _prepare(self, data: Any) -> None:
        """Check the data against the model and create all variables the step needs."""
        self._check_shapes(data)
        batch = data.first_batch()
        if self._needs_targets() and unpack_x_y_sample_weight(batch)[1] is None:
            raise errors.ArgumentError(
                f"{self.name}: the loss needs targets; received y=None; pass y, or a data set that yields (x, y)"
            )
        build_for_training(self, batch, self._has_own_step())
        self._check_data(data)

    def _needs_targets(self) -> bool:
        """Whether a loss of `compile` is used as it is, so that a batch without y is a mistake."""
        names = ("train_step", "test_step", "compute_loss")
        return self._compile_loss is not None and all(
            getattr(type(self), name) is getattr(TrainingSteps, name) for name in names
        )

    def _has_own_step(self) -> bool:
        """Whether a class says itself what a batch is: its steps need not call the model on the first part of it."""
        own, given = type(self), TrainingSteps
        return own.train_step is not given.train_step or own.test_step is not given.test_step

    def _check_shapes(self, data: Any) -> None:
        if self._has_own_step():
            return
        x = unpack_x_y_sample_weight(data.data if isinstance(data, ArrayData) else data.first_batch())[0]
        input_checks.check_input_shapes(self, x)

    def _check_data(self, data: Any, label: str = "y") -> None:
        """Check arrays once: shapes, labels within the classes, and NaN when those checks are on."""
        self._check_shapes(data)
        if not isinstance(data, ArrayData):
            return
        if config.nan_checks_enabled():
            input_checks.check_finite(data.data)
        self._check_labels(data.data, label)

    def _check_labels(self, data: Any, label: str) -> None:
        """Check integer labels of a sparse cross entropy against the classes of their output."""
        y = unpack_x_y_sample_weight(data)[1]
        if y is None or self._compile_loss is None or not self._compile_loss.built:
            return
        labels = structure.flatten(y)
        for entry in self._compile_loss.output_losses:
            if entry.output_index < len(labels) and input_checks.is_sparse_crossentropy(entry.loss):
                input_checks.check_labels(labels[entry.output_index], entry.output_size, label)

    def _program(self, method: str, data: Any) -> StepProgram:
        """Return the step for one structure of data, made once."""
        key = (method, structure.skeleton(data), self.run_eagerly, calling.changes())
        programs = self.__dict__.get("_programs")
        if programs is None:
            self._set(_programs={})
            programs = self._programs
        if key not in programs:
            programs[key] = StepProgram(self, method, data, self.run_eagerly, self._logs_are_metrics(method))
        return programs[key]

    def _dtypes(self, data: Any) -> List[str]:
        """Return the dtype of each batch tensor: that of a model's input where it is known, else `batch_dtype`."""
        arrays = [leaf for leaf in structure.flatten(data) if leaf is not None]
        dtypes = [batch_dtype(array) for array in arrays]
        inputs = input_checks.input_dtypes(self, unpack_x_y_sample_weight(data)[0]) or []
        return inputs + dtypes[len(inputs) :]
