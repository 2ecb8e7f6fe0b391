"""`compile`, `fit`, `evaluate`, `predict` and their single-batch forms."""

import contextlib
import warnings
from typing import Any, Dict, Optional, Union

import numpy as np

from gradmill import callbacks as callbacks_module
from gradmill import errors, metrics, optimizers, serialization
from gradmill.models import epoch_loop, input_checks
from gradmill.models.array_checks import (
    split_for_validation,
)
from gradmill.models.compile_utils import CompileLoss, CompileMetrics, resolve_loss_configs
from gradmill.models.data_adapter import ArrayData, make_data
from gradmill.models.single_batches import SingleBatches
from gradmill.utils.batch_data import unpack_x_y_sample_weight
from gradmill.utils.random_seed import new_shuffle_seed


class Trainer(SingleBatches):
    """What makes a layer a model that can be trained; `gradmill.Model` is a `Layer` and a `Trainer`."""

    jit_compile: Union[bool, str] = "auto"
    steps_per_execution = 1
    stop_training = False
    history: Any = None
    _compile_arguments: Optional[dict] = None
    _resume: Any = None
    _feeds_in_use: tuple = ()
    _callbacks_in_use: Any = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Union[bool, str] = "auto",
        auto_scale_loss: bool = True,
        remat: bool = False,
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: name or `Optimizer`.
            loss: name, function `loss(y_true, y_pred)` or `Loss`; for several outputs a list or dict of them;
                `"crossentropy"` is chosen by the shapes.
            loss_weights: numbers by output that weight the sum of the losses.
            metrics: list of names, functions or `Metric`; for several outputs a list of lists or a dict by output.
                `"accuracy"` becomes the binary, categorical or sparse one, by the shapes.
            weighted_metrics: the same, with `sample_weight` and `class_weight` applied.
            run_eagerly: run `train_step` as Python at each step, to debug it, instead of tracing it once.
            steps_per_execution: batch hooks of callbacks are called once for this many steps.
            jit_compile: kept for Keras; the step is always compiled by GradMill unless `run_eagerly`.
            auto_scale_loss: with the policy `mixed_float16`, wrap the optimizer so that the loss is scaled.
            remat: compute values again on the way back instead of keeping them (GradMill's own argument): the compiled
                step is cut where least has to be kept, whatever the layers are. It takes up to a third more time; the
                results are the same. Files do not keep it, as Keras could not read them. For chosen layers alone see
                `gm.RematScope`.

        Raises:
            ArgumentError: an unknown name (the message gives the nearest one) or an argument of the wrong kind.

        Reference: Keras 3, `Model.compile` (2023).

        Example:
            >>> import gradmill as gm
            >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3)])
            >>> loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
            >>> model.compile("adam", loss=loss, metrics=["accuracy"])
        """
        if isinstance(steps_per_execution, bool) or not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise errors.ArgumentError(
                f"compile: steps_per_execution must be a positive integer; received {steps_per_execution!r}"
            )
        if not isinstance(remat, (bool, np.bool_)):
            raise errors.ArgumentError(f"compile: remat must be True or False; received {remat!r}")
        loss = resolve_loss_configs(loss)
        names = getattr(self, "output_names", None)
        chosen = optimizers.get(optimizer)
        compile_metrics = None
        if metrics is not None or weighted_metrics is not None:
            compile_metrics = CompileMetrics(metrics, weighted_metrics, names)
        # Set past Layer.__setattr__: the state of training is no part of the model's own variables and metrics.
        self._set(
            optimizer=self._scaled_optimizer(chosen) if auto_scale_loss else chosen,
            loss=loss,
            run_eagerly=bool(run_eagerly),
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            stop_training=False,
            compiled=True,
            _compile_loss=None if loss is None else CompileLoss(loss, loss_weights, names),
            _compile_metrics=compile_metrics,
            _loss_tracker=_new_loss_tracker(),
            _programs={},
            _is_divided=bool(remat),
            _compile_arguments={
                "optimizer": chosen,
                "loss": loss,
                "loss_weights": loss_weights,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
                "jit_compile": jit_compile,
            },
        )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Optional[int] = None,
        epochs: int = 1,
        verbose: Union[int, str] = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Optional[Dict[int, float]] = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: Optional[int] = None,
        validation_steps: Optional[int] = None,
        validation_batch_size: Optional[int] = None,
        validation_freq: Any = 1,
    ) -> "callbacks_module.History":
        """Train the model.

        Args:
            x: array or tensor, a list or dict of them for several inputs, or a data set: a `gm.data.Dataset`, a
                `PyDataset`, a generator or another iterable of `(x,)`, `(x, y)` or `(x, y, sample_weight)` batches.
            y: targets, structured like the outputs; None for a data set.
            batch_size: samples of a step, default 32; not for data sets.
            epochs: epoch to stop at.
            verbose: 0 silent, 1 (or `"auto"`) a live line, 2 one line an epoch.
            callbacks: list of `Callback`.
            validation_split: fraction between 0 and 1 of the samples, taken from the end before any shuffling.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a data set.
            shuffle: whether each epoch visits the samples in a new order.
            class_weight: weight by class index.
            sample_weight: weight of each sample.
            initial_epoch: epoch to start at.
            steps_per_epoch: steps of an epoch, default one pass over the data.
            validation_steps: steps of an evaluation.
            validation_batch_size: default `batch_size`.
            validation_freq: evaluate every so many epochs, or a collection of epoch numbers from 1.

        Returns:
            `History`; its `history` is a dict of lists, one value an epoch.

        Raises:
            ArgumentError, ShapeError, DTypeError: data that are missing, empty, of different lengths, of the wrong rank
                or labelled outside the output's classes; a model that was not compiled.

        Reference: Keras 3, `Model.fit` (2023).

        Example:
            >>> import numpy as np, gradmill as gm
            >>> model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1)])
            >>> model.compile("sgd", loss="mse")
            >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0)
            >>> sorted(history.history), len(history.history["loss"])
            (['loss'], 2)
        """
        self._require_compiled("fit")
        _check_count("epochs", epochs, 0)
        epochs = epoch_loop.limited_epochs(epochs)
        _check_count("initial_epoch", initial_epoch, 0)
        _check_count("steps_per_epoch", steps_per_epoch, 1)
        _check_count("validation_steps", validation_steps, 1)
        if self.optimizer is None and self._logs_are_metrics("train_step"):
            raise errors.ArgumentError(
                f"{self.name}: training needs an optimizer; received optimizer=None in compile()"
            )
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_for_validation(x, y, sample_weight, validation_split)
        reader = self._host_reader()
        own = self._has_own_step()
        data = make_data(x, y, sample_weight, batch_size, class_weight, shuffle, reader=reader, own_step=own)
        self._check_host_part()
        self._prepare(data)
        validation = None
        if validation_data is not None:
            val_x, val_y, val_weight = unpack_x_y_sample_weight(validation_data)
            validation = make_data(
                val_x,
                val_y,
                val_weight,
                validation_batch_size or batch_size,
                caller="fit (validation_data)",
                reader=reader,
                own_step=own,
            )
            self._check_data(validation, "validation y")
        seed = new_shuffle_seed()
        feed = self._feed("train_step", data, steps_per_epoch, shuffle, seed)
        validation_feed = None
        if validation is not None:
            validation_feed = self._feed("test_step", validation, validation_steps, False, 0)
        if not isinstance(callbacks, callbacks_module.CallbackList):
            callbacks = callbacks_module.CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                model=self,
                verbose=verbose,
                epochs=epochs,
                steps=feed.steps,
            )
        self.stop_training = False
        self._set(_feeds_in_use=(feed, validation_feed), _callbacks_in_use=callbacks, _resume=None)
        try:
            self._run_epochs(feed, validation_feed, callbacks, initial_epoch, epochs, validation_freq)
        finally:
            self._set(_feeds_in_use=(), _callbacks_in_use=None, _resume=None)
            for each in filter(None, (feed, validation_feed)):
                each.close()
        return self.history

    def _run_epochs(
        self,
        feed: "epoch_loop.Feed",
        validation_feed: Optional["epoch_loop.Feed"],
        callbacks: Any,
        initial_epoch: int,
        epochs: int,
        validation_freq: Any,
    ) -> None:
        callbacks.on_train_begin()
        first_epoch, first_step = initial_epoch, 0
        logs: Dict[str, Any] = {}
        if self._resume is not None:
            first_epoch, first_step, logs = self._resume.epoch, self._resume.step, self._resume.logs
            for each, state in zip((feed, validation_feed), self._resume.feeds):
                if each is not None and state is not None:
                    each.restore(state)
        # What was interrupted may have been about to end.
        ended = self._resume is not None and self.stop_training
        for epoch in range(first_epoch, first_epoch if ended else epochs):
            if not first_step:
                self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = dict(epoch_loop.run_epoch(self, feed, callbacks, "train", first_step, logs))
            first_step = 0
            if validation_feed is not None and _is_due(epoch, validation_freq):
                # The training metrics of the epoch are in `logs` by now; evaluation uses the same metric objects.
                results = self._evaluate_feed(validation_feed, callbacks)
                logs.update({f"val_{name}": value for name, value in results.items()})
                logs = dict(sorted(logs.items()))
            if isinstance(self.optimizer, optimizers.LossScaleOptimizer):
                self.optimizer.report_skipped_steps()
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if epochs > initial_epoch and hasattr(self.optimizer, "finalize_variable_values"):
            self.optimizer.finalize_variable_values(self.trainable_variables)
        callbacks.on_train_end(logs)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Optional[int] = None,
        verbose: Union[int, str] = "auto",
        sample_weight: Any = None,
        steps: Optional[int] = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics on data.

        Args:
            x, y, sample_weight, batch_size, verbose, callbacks: as in `fit`.
            steps: number of batches, default all.
            return_dict: return a dict by name instead of a list.

        Returns:
            the loss alone when there are no metrics, else a list `[loss, metrics...]`, or a dict.

        Raises:
            as `fit`.

        Example:
            >>> import numpy as np, gradmill as gm
            >>> model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1, kernel_initializer="zeros")])
            >>> model.compile("sgd", loss="mse")
            >>> model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
            1.0
        """
        self._require_compiled("evaluate")
        _check_count("steps", steps, 1)
        reader, own = self._host_reader(), self._has_own_step()
        data = make_data(x, y, sample_weight, batch_size, caller="evaluate", reader=reader, own_step=own)
        self._prepare(data)
        feed = self._feed("test_step", data, steps, False, 0)
        callbacks = self._callback_list(callbacks, verbose, feed.steps)
        with contextlib.closing(feed):
            logs = self._evaluate_feed(feed, callbacks)
        return logs if return_dict else self._in_order(logs)

    def predict(
        self,
        x: Any,
        batch_size: Optional[int] = None,
        verbose: Union[int, str] = "auto",
        steps: Optional[int] = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for `x` as NumPy arrays, computed batch by batch.

        Args:
            x, batch_size, verbose, callbacks: as in `fit`.
            steps: number of batches, default all.

        Returns:
            NumPy array of all rows, structured like the model's outputs.

        Raises:
            as `fit`.

        Example:
            >>> import numpy as np, gradmill as gm
            >>> model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(3)])
            >>> model.predict(np.ones((5, 2)), verbose=0).shape
            (5, 3)
        """
        _check_count("steps", steps, 1)
        data = make_data(x, batch_size=batch_size, caller="predict", reader=self._host_reader())
        first_x = data.data if isinstance(data, ArrayData) else data.first_batch()
        input_checks.check_input_shapes(self, unpack_x_y_sample_weight(first_x)[0])
        feed = self._feed("predict_step", data, steps, False, 0)
        callbacks = self._callback_list(callbacks, verbose, feed.steps)
        with contextlib.closing(feed):
            return epoch_loop.run_prediction(self, feed, callbacks)

    def get_compile_config(self) -> Optional[dict]:
        """Return the arguments of `compile` in serialized form, None before it was called."""
        if self._compile_arguments is None:
            return None
        return {name: serialization.serialize_object(value) for name, value in self._compile_arguments.items()}

    def compile_from_config(self, config: dict) -> None:
        """Compile with what `get_compile_config` returned."""
        self.compile(**{name: serialization.deserialize_object(value) for name, value in config.items()})
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def _scaled_optimizer(self, optimizer: Any) -> Any:
        policy = getattr(getattr(self, "dtype_policy", None), "name", None)
        wrapper = getattr(optimizers, "LossScaleOptimizer", None)
        if policy != "mixed_float16" or wrapper is None or optimizer is None or isinstance(optimizer, wrapper):
            return optimizer
        return wrapper(optimizer)

    def _feed(self, method: str, data: Any, steps: Optional[int], shuffle: bool, seed: int) -> "epoch_loop.Feed":
        steps = epoch_loop.limited_steps(method, data, steps)
        if not isinstance(data, ArrayData):
            return epoch_loop.BatchFeed(self, method, data, steps, seed)
        return epoch_loop.ArrayFeed(
            self._program(method, data.data), data, self._dtypes(data.data), steps, shuffle, seed
        )

    def _callback_list(self, callbacks: Any, verbose: Any, steps: Optional[int]) -> Any:
        if isinstance(callbacks, callbacks_module.CallbackList):
            return callbacks
        return callbacks_module.CallbackList(
            callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1, steps=steps
        )

    def _evaluate_feed(self, feed: "epoch_loop.Feed", callbacks: Any) -> Dict[str, Any]:
        self.reset_metrics()
        feed.rewind()
        self._set(stop_evaluating=False)
        callbacks.on_test_begin()
        logs = epoch_loop.run_epoch(self, feed, callbacks, "test")
        callbacks.on_test_end(logs)
        return logs

def _new_loss_tracker() -> Any:
    return metrics.Mean(name="loss")


def _check_count(name: str, value: Any, least: int) -> None:
    if value is None and name != "epochs":
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise errors.ArgumentError(f"fit: {name} must be an integer of at least {least}; received {value!r}")


def _is_due(epoch: int, validation_freq: Any) -> bool:
    """Whether the epoch (from 0) ends with an evaluation."""
    if isinstance(validation_freq, (int, np.integer)) and not isinstance(validation_freq, bool):
        if validation_freq < 1:
            raise errors.ArgumentError(f"fit: validation_freq must be at least 1; received {validation_freq}")
        return (epoch + 1) % validation_freq == 0
    if isinstance(validation_freq, (list, tuple, set, range)):
        return epoch + 1 in validation_freq
    warnings.warn(f"fit: validation_freq must be an integer or a list; received {validation_freq!r}", stacklevel=2)
    return True
