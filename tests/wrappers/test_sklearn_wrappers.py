"""Models as estimators: what they give, and how scikit-learn uses them where it is installed."""

import numpy as np
import pytest

import gradmill as gm

wrappers = gm.wrappers
generator = np.random.default_rng(0)
X = generator.normal(size=(60, 3)).astype("float32")
NAMES = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")
Y = X @ np.float32([1.0, -2.0, 0.5]) + 1.0


def classifier(X, y, units=8):
    gm.utils.set_random_seed(1)
    model = gm.Sequential(
        [gm.layers.Dense(units, "relu"), gm.layers.Dense(y.shape[1], activation="softmax")], name="classifier"
    )
    model.compile(gm.optimizers.Adam(0.05), "categorical_crossentropy")
    return model


def regressor():
    gm.utils.set_random_seed(1)
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
    model.compile(gm.optimizers.Adam(0.1), "mse")
    return model


ONCE = {"epochs": 40, "verbose": 0}


def test_classifier():
    found = wrappers.SKLearnClassifier(classifier, model_kwargs={"units": 4}, fit_kwargs=ONCE).fit(X, NAMES)
    assert found.classes_.tolist() == ["down", "up"] and found.n_features_in_ == 3
    numbers = found.decision_function(X)
    assert numbers.shape == (60, 2) and found.model_.layers[0].units == 4
    assert (found.predict(X) == found.classes_[numbers.argmax(1)]).all()
    assert found.score(X, NAMES) == (found.predict(X) == NAMES).mean() > 0.9
    assert found.predict(X).shape == (60,) and found.fit(X, NAMES[:, None]).predict(X).shape == (60, 1)
    weights = np.where(NAMES == "up", 1.0, 0.0)
    assert found.score(X, np.full(60, "up"), weights) == (found.predict(X)[NAMES == "up"] == "up").mean()


def test_regressor():
    found = wrappers.SKLearnRegressor(regressor()).fit(X, Y, epochs=60, verbose=0)
    values = found.predict(X)
    assert values.shape == Y.shape
    expected = 1 - ((Y - values) ** 2).sum() / ((Y - Y.mean()) ** 2).sum()
    assert found.score(X, Y) == pytest.approx(expected, rel=1e-5) and expected > 0.95
    both = wrappers.SKLearnTransformer(regressor()).fit_transform(X, Y, verbose=0)
    assert both.shape == (60, 1)


def test_a_model_is_copied_unless_warm():
    model = regressor()
    before = model.get_weights()
    cold = wrappers.SKLearnRegressor(model).fit(X, Y, verbose=0)
    assert cold.model_ is not model and all((a == b).all() for a, b in zip(before, model.get_weights()))
    warm = wrappers.SKLearnRegressor(model, warm_start=True).fit(X, Y, verbose=0)
    assert warm.model_ is model and not (before[0] == model.get_weights()[0]).all()


def test_arguments_of_fit_go_before_those_of_the_constructor():
    found = wrappers.SKLearnRegressor(regressor(), fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, Y, epochs=3)
    assert found.history_.epoch == [0, 1, 2] and found.fit_kwargs == {"epochs": 2, "verbose": 0}


def test_parameters():
    found = wrappers.SKLearnRegressor(regressor(), fit_kwargs=ONCE)
    assert found.set_params(warm_start=True) is found and found.get_params()["warm_start"]
    with pytest.raises(ValueError, match=r"expected some of .*'fit_kwargs'.*received \['epochs'\]"):
        found.set_params(epochs=3)


def test_errors():
    one = wrappers.SKLearnRegressor(regressor())
    with pytest.raises(ValueError, match="expected an estimator that was fitted"):
        one.predict(X)
    with pytest.raises(ValueError, match=r"received \(60, 3\) and \(59,\)"):
        one.fit(X, Y[:59])
    with pytest.raises(ValueError, match="compiled with a loss and an optimizer"):
        wrappers.SKLearnRegressor(gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])).fit(X, Y)
    with pytest.raises(ValueError, match="expected a model that is compiled.*received 3"):
        wrappers.SKLearnRegressor(lambda X, y: 3).fit(X, Y)
    with pytest.raises(ValueError, match=r"3 features; received shape \(60, 2\)"):
        one.fit(X, Y, verbose=0).predict(X[:, :2])
    with pytest.raises(ValueError, match=r"at least two classes; received \['up'\]"):
        wrappers.SKLearnClassifier(classifier).fit(X, np.full(60, "up"))
    with pytest.raises(ValueError, match="one class for each row; received targets"):
        wrappers.SKLearnClassifier(classifier).fit(X, Y)


def test_with_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    base = pytest.importorskip("sklearn.base")
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    made = wrappers.SKLearnClassifier(classifier, fit_kwargs=ONCE)
    assert base.is_classifier(made) and base.is_regressor(wrappers.SKLearnRegressor(regressor()))
    copy = base.clone(made)
    assert copy is not made and copy.get_params() == made.get_params()
    scores = selection.cross_val_score(made, X, NAMES, cv=3)
    assert scores.shape == (3,) and scores.mean() > 0.8
    whole = pipeline.make_pipeline(preprocessing.StandardScaler(), made).fit(X, NAMES)
    assert whole.score(X, NAMES) > 0.8
    search = selection.GridSearchCV(made, {"model_kwargs": [{"units": 2}, {"units": 8}]}, cv=2).fit(X, NAMES)
    assert search.best_params_["model_kwargs"]["units"] in (2, 8)
    first = wrappers.SKLearnTransformer(regressor(), fit_kwargs={"verbose": 0})
    both = pipeline.make_pipeline(first, wrappers.SKLearnRegressor(lambda X, y: dense(1), fit_kwargs=ONCE))
    assert both.fit(X, Y).predict(X).shape == (60,)


def dense(outputs):
    model = gm.Sequential([gm.layers.Dense(outputs)])
    model.compile("adam", "mse")
    return model
