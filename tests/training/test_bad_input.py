"""What goes wrong says what came and what was expected, before a step has run."""

import numpy as np
import pytest

import gradmill as gm

X, Y = np.zeros((20, 6)), np.arange(20) % 3
RAGGED = np.empty(20, object)
RAGGED[:] = [np.zeros(6)] * 19 + [np.zeros(7)]
BAD_LABEL = np.where(np.arange(20) == 17, 9, Y)
NEGATIVE_LABEL = np.where(np.arange(20) == 4, -1, Y)


def model():
    made = gm.Sequential([gm.Input((6,), name="features"), gm.layers.Dense(3)])
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("sgd", loss=loss, metrics=["accuracy"])
    return made


CASES = {
    "lengths": (lambda m: m.fit(X, Y[:7]), "x has 20, y has 7"),
    "empty": (lambda m: m.fit(X[:0], Y[:0]), "empty"),
    "zero batch": (lambda m: m.fit(X, Y, batch_size=0), "batch_size must be a positive integer; received 0"),
    "negative batch": (lambda m: m.fit(X, Y, batch_size=-2), "received -2"),
    "fractional batch": (lambda m: m.fit(X, Y, batch_size=2.5), "received 2.5"),
    "wrong rank": (lambda m: m.fit(X[:, None, :], Y), "'features'"),
    "wrong size": (lambda m: m.fit(X[:, :5], Y), "'features'"),
    "label too large": (lambda m: m.fit(X, BAD_LABEL), "y = 9 at row 17"),
    "label negative": (lambda m: m.fit(X, NEGATIVE_LABEL), "y = -1 at row 4"),
    "label in evaluate": (lambda m: m.evaluate(X, BAD_LABEL), "y = 9 at row 17"),
    "label in one batch": (lambda m: m.train_on_batch(X, BAD_LABEL), "y = 9 at row 17"),
    "label in a generator": (lambda m: m.fit(iter([(X, BAD_LABEL)])), "y = 9 at row 17"),
    "label in validation": (lambda m: m.fit(X, Y, validation_data=(X, BAD_LABEL)), "validation y = 9 at row 17"),
    "no y": (lambda m: m.fit(X), "y=None"),
    "no x": (lambda m: m.fit(), "x=None"),
    "numbers": (lambda m: m.fit([1.0, 2.0], [0, 1]), "numpy.array"),
    "samples of several shapes": (lambda m: m.fit(RAGGED, Y), "samples of one shape"),
    "list of samples": (lambda m: m.fit([np.zeros((8, 8, 3)), np.zeros((9, 8, 3))], Y[:2]), "numpy.stack"),
    "text": (lambda m: m.fit(X.astype(str), Y), "dtype"),
    "scalar": (lambda m: m.fit(np.float32(1), Y), "scalar"),
    "epochs": (lambda m: m.fit(X, Y, epochs=-1), "epochs"),
    "steps": (lambda m: m.fit(X, Y, steps_per_epoch=0), "steps_per_epoch"),
    "split": (lambda m: m.fit(X, Y, validation_split=1.5), "validation_split"),
    "split of a generator": (lambda m: m.fit(iter([(X, Y)]), validation_split=0.5), "validation_data"),
    "empty generator": (lambda m: m.fit(iter([])), "at least one batch"),
    "y beside a generator": (lambda m: m.fit(iter([(X, Y)]), Y), "y must be left out"),
    "two weights": (lambda m: m.fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(20)), "class_weight"),
    "class weights": (lambda m: m.fit(X, Y, class_weight=[1.0]), "dict"),
    "callback class": (lambda m: m.fit(X, Y, callbacks=[gm.callbacks.TerminateOnNaN]), "parentheses"),
    "inputs": (lambda m: m.fit([X, X], Y), "1 inputs"),
    "loss name": (lambda m: m.compile("sgd", loss="mean_squared_errr"), "mean_squared_error"),
    "metric name": (lambda m: m.compile("sgd", loss="mse", metrics=["acuracy"]), "accuracy"),
    "optimizer name": (lambda m: m.compile("adm", loss="mse"), "adam"),
    "loss kind": (lambda m: m.compile("sgd", loss=3), "received 3"),
    "metrics kind": (lambda m: m.compile("sgd", loss="mse", metrics="mae"), "list"),
    "steps per execution": (lambda m: m.compile("sgd", loss="mse", steps_per_execution=0), "steps_per_execution"),
    "empty predict": (lambda m: m.predict(X[:0]), "empty"),
    "validation freq": (lambda m: m.fit(X, Y, validation_data=(X, Y), validation_freq=0), "validation_freq"),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name):
    action, words = CASES[name]
    with pytest.raises(gm.errors.GradMillError) as failure:
        action(model())
    assert words.lower() in str(failure.value).lower()


def test_not_compiled():
    plain = gm.Sequential([gm.Input((6,)), gm.layers.Dense(3)])
    for action in (plain.fit, plain.evaluate, plain.train_on_batch, plain.test_on_batch):
        with pytest.raises(gm.errors.ArgumentError, match="call compile"):
            action(X, Y)
    assert plain.predict(X, verbose=0).shape == (20, 3)


def test_nan_in_data_is_named_when_checks_are_on():
    x = X.copy()
    x[13, 2] = np.nan
    gm.config.enable_nan_checks()
    try:
        with pytest.raises(gm.errors.ArgumentError, match="x must be finite.*row 13"):
            model().fit(x, Y, verbose=0)
    finally:
        gm.config.disable_nan_checks()


def test_a_failed_fit_leaves_the_model_usable():
    made = model()
    before = [weight.copy() for weight in made.get_weights()]
    with pytest.raises(gm.errors.ArgumentError):
        made.fit(X, BAD_LABEL, verbose=0)
    for old, new in zip(before, made.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert len(made.fit(X, Y, verbose=0).history["loss"]) == 1
