"""Models as estimators of scikit-learn, which is needed only where its own functions are given them."""

from __future__ import annotations

import copy
import importlib
from typing import Any, Callable, Optional, Union

import numpy as np

from gradmill import errors
from gradmill.models import Model, clone_model

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


class _Estimator:
    """What the three have in common: parameters as scikit-learn wants them, `fit` and `predict`."""

    _kind: Optional[str] = None

    def __init__(
        self,
        model: Union[Model, Callable[..., Model]],
        warm_start: bool = False,
        model_kwargs: Optional[dict] = None,
        fit_kwargs: Optional[dict] = None,
    ):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor.

        Args:
            deep: accepted; a model has no parameters of its own.
        """
        return {name: getattr(self, name) for name in ("model", "warm_start", "model_kwargs", "fit_kwargs")}

    def set_params(self, **params: Any) -> Any:
        """Set arguments of the constructor, and return the estimator.

        Raises:
            ArgumentError: an unknown name.
        """
        unknown = sorted(set(params) - set(self.get_params()))
        if unknown:
            raise errors.ArgumentError(
                f"{type(self).__name__}: expected some of {sorted(self.get_params())}; received {unknown}"
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train a model, and return the estimator.

        Args:
            X: (rows, ...).
            y: (rows,) or (rows, outputs).
            **kwargs: arguments of `Model.fit`; they go before `fit_kwargs`.

        Raises:
            ShapeError: other numbers of rows in X and y.
            ArgumentError: a model that is not compiled, or no model; targets that do not fit.
        """
        X, y = np.asarray(X), np.asarray(y)
        if X.ndim < 2 or y.ndim not in (1, 2) or len(X) != len(y):
            raise errors.ShapeError(
                f"{type(self).__name__}: expected X (rows, ...) and y (rows,) or (rows, outputs); received {X.shape} "
                f"and {y.shape}"
            )
        self._target_axes = y.ndim
        targets = self._encoded(y)
        model = self._new_model(X, targets)
        self.history_ = model.fit(X, targets, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_, self.n_features_in_ = model, X.shape[1]
        return self

    def _new_model(self, X: np.ndarray, targets: np.ndarray) -> Model:
        if not isinstance(self.model, Model):
            model = self.model(X=X, y=targets, **(self.model_kwargs or {}))
        elif self.warm_start:
            model = self.model
        else:
            model = clone_model(self.model)
            if self.model.compiled:
                model.compile_from_config(self.model.get_compile_config() or {})
        if not isinstance(model, Model) or not model.compiled or model.optimizer is None or model.loss is None:
            raise errors.ArgumentError(
                f"{type(self).__name__}: expected a model that is compiled with a loss and an optimizer; received "
                f"{model!r}; call model.compile(...)"
            )
        return model

    def _outputs(self, X: Any) -> np.ndarray:
        if not hasattr(self, "model_"):
            raise errors.ArgumentError(f"{type(self).__name__}: expected an estimator that was fitted; call fit(X, y)")
        X = np.asarray(X)
        if X.ndim < 2 or X.shape[1] != self.n_features_in_:
            raise errors.ShapeError(
                f"{type(self).__name__}: expected X with {self.n_features_in_} features; received shape {X.shape}"
            )
        return self.model_.predict(X, verbose=0)

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def predict(self, X: Any) -> np.ndarray:
        """Return what the model gives for X, in the form that the targets had."""
        found = self._outputs(X)
        return found[:, 0] if self._target_axes == 1 and found.shape[1:] == (1,) else found

    def __sklearn_clone__(self) -> Any:
        model = copy.deepcopy(self.model) if isinstance(self.model, Model) else self.model
        return type(self)(model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        described = importlib.import_module("sklearn.utils")
        tags = {name: getattr(described, f"{name.title()}Tags")() for name in (self._kind,) if name}
        made = described.Tags(
            estimator_type=self._kind,
            target_tags=described.TargetTags(required=True),
            **{f"{name}_tags": value for name, value in tags.items()},
        )
        made.non_deterministic = True
        return made

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r})"


class SKLearnClassifier(_Estimator):
    """A model that gives a number for each class, as a classifier of scikit-learn.

    Args:
        model: compiled `Model`, of which each `fit` trains a new copy; or a function that returns one, which is called
            with `X`, `y` and `model_kwargs`. `y` is one-hot there.
        warm_start: train the model itself on, not a copy.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of `Model.fit`.

    After `fit` there are `model_`, `history_` and `classes_`.

    Raises:
        ArgumentError: see `fit`.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> def make(X, y):
        ...     model = gm.Sequential([gm.layers.Dense(y.shape[1], activation="softmax")])
        ...     model.compile(gm.optimizers.SGD(1.0), "categorical_crossentropy")
        ...     return model
        >>> X, y = np.array([[0.0], [1.0]] * 8), np.array(["no", "yes"] * 8)
        >>> gm.wrappers.SKLearnClassifier(make).fit(X, y, epochs=200, verbose=0).predict(X[:2]).tolist()
        ['no', 'yes']
    """

    _kind = "classifier"
    _estimator_type = "classifier"

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if labels.ndim != 1 or (labels.dtype.kind == "f" and (labels != np.floor(labels)).any()):
            raise errors.ArgumentError(
                f"SKLearnClassifier: expected one class for each row; received targets {y.shape} of {y.dtype}"
            )
        self.classes_, places = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise errors.ArgumentError(
                f"SKLearnClassifier: expected at least two classes; received {self.classes_.tolist()} only"
            )
        return np.eye(len(self.classes_), dtype="float32")[places]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return what the model gives for X: a number for each class."""
        return self._outputs(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of the largest number for each row."""
        found = self.classes_[np.argmax(self._outputs(X), axis=-1)]
        return found if self._target_axes == 1 else found[:, None]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose class is found, weighted if asked for."""
        return float(np.average(self.predict(X).ravel() == np.asarray(y).ravel(), weights=sample_weight))


class SKLearnRegressor(_Estimator):
    """A model as a regressor of scikit-learn.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as in `SKLearnClassifier`; `y` is (rows, outputs).

    After `fit` there are `model_` and `history_`.

    Raises:
        ArgumentError: see `fit`.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> model = gm.Sequential([gm.Input((1,)), gm.layers.Dense(1)])
        >>> model.compile(gm.optimizers.SGD(0.3), "mse")
        >>> X = np.array([[0.0], [1.0]])
        >>> found = gm.wrappers.SKLearnRegressor(model).fit(X, [1.0, 3.0], epochs=200, verbose=0).predict(X)
        >>> found.round(2).tolist()
        [1.0, 3.0]
    """

    _kind = "regressor"
    _estimator_type = "regressor"

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of the variance that is explained (R squared), the mean over outputs."""
        y, found = (np.asarray(each, "float64").reshape(len(each), -1) for each in (y, self.predict(X)))
        mean = np.average(y, axis=0, weights=sample_weight)
        rest, all_of_it = (np.average((y - each) ** 2, axis=0, weights=sample_weight) for each in (found, mean))
        safe = np.where(all_of_it == 0, 1.0, all_of_it)
        return float(np.where(all_of_it == 0, rest == 0, 1.0 - rest / safe).mean())


class SKLearnTransformer(_Estimator):
    """A model as a step of scikit-learn that changes what the next one gets.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as in `SKLearnClassifier`; `y` is (rows, outputs).

    After `fit` there are `model_` and `history_`.

    Raises:
        ArgumentError: see `fit`.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(3)])
        >>> model.compile("sgd", "mse")
        >>> X = np.ones((4, 2))
        >>> gm.wrappers.SKLearnTransformer(model).fit(X, np.ones((4, 3)), verbose=0).transform(X).shape
        (4, 3)
    """

    _kind = "transformer"

    def transform(self, X: Any) -> np.ndarray:
        """Return what the model gives for X."""
        return self._outputs(X)

    def fit_transform(self, X: Any, y: Any, **kwargs: Any) -> np.ndarray:
        """Train a model, and return what it gives for X."""
        return self.fit(X, y, **kwargs).transform(X)
