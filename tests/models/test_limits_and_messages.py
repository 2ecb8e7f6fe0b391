"""Limits on epochs and steps, and where messages go."""

import logging

import numpy as np
import pytest

import gradmill as gm

X, Y = np.ones((20, 3), "float32"), np.ones((20, 1), "float32")


@pytest.fixture
def model():
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def limits():
    yield gm.config
    gm.config.set_max_epochs(None)
    gm.config.set_max_steps_per_epoch(None)


@pytest.fixture
def quiet():
    gm.config.disable_interactive_logging()
    yield
    gm.config.enable_interactive_logging()


def steps_seen(model, run):
    """Steps of training, evaluation and prediction that callbacks see."""
    seen = {"train": 0, "test": 0, "predict": 0}
    counter = gm.callbacks.Callback()
    for kind in seen:
        setattr(counter, f"on_{kind}_batch_end", lambda *_, logs=None, kind=kind: seen.update({kind: seen[kind] + 1}))
    run(counter)
    return list(seen.values())


def test_epochs_are_limited(model, limits):
    limits.set_max_epochs(2)
    with pytest.warns(UserWarning, match="2 of 5 epochs"):
        assert model.fit(X, Y, epochs=5, verbose=0).epoch == [0, 1]
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


@pytest.mark.parametrize("kind", ["arrays", "data set"])
def test_steps_are_limited(model, limits, kind):
    data = (X, Y) if kind == "arrays" else (gm.data.Dataset.from_tensor_slices((X, Y)).batch(4),)
    options = {"batch_size": 4} if kind == "arrays" else {}
    limits.set_max_steps_per_epoch(3)
    with pytest.warns(UserWarning, match="train_step: 3 steps"):
        assert steps_seen(model, lambda each: model.fit(*data, verbose=0, callbacks=[each], **options))[0] == 3
    with pytest.warns(UserWarning, match="test_step: 3 steps"):
        assert steps_seen(model, lambda each: model.evaluate(*data, verbose=0, callbacks=[each], **options))[1] == 3
    with pytest.warns(UserWarning, match="predict_step: 3 steps"):
        assert len(model.predict(data[0], verbose=0, **options)) == 12
    limits.set_max_steps_per_epoch(5)
    assert steps_seen(model, lambda each: model.fit(*data, verbose=0, callbacks=[each], **options))[0] == 5


@pytest.mark.parametrize("value", [-1, 2.5, True, "3"])
@pytest.mark.parametrize("name", ["set_max_epochs", "set_max_steps_per_epoch"])
def test_other_limits_are_refused(name, value):
    with pytest.raises(gm.errors.ArgumentError, match=name):
        getattr(gm.config, name)(value)


def test_messages_go_to_the_log(model, quiet, capsys, caplog):
    caplog.set_level(logging.INFO, "gradmill")
    stopping = gm.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9, verbose=1)
    for verbose in (1, 2):
        model.fit(X, Y, epochs=2, verbose=verbose, callbacks=[stopping])
    model.summary()
    assert capsys.readouterr().out == ""
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert text.count("Epoch 1/2") == 2 and "1/1 " in text and "early stopping" in text and "Trainable params" in text


def test_messages_go_to_standard_output(model, capsys, caplog):
    caplog.set_level(logging.INFO, "gradmill")
    model.fit(X, Y, epochs=2, verbose=1)
    assert "Epoch 2/2" in capsys.readouterr().out and not caplog.records
    assert gm.utils.is_interactive_logging_enabled()


def test_what_cannot_be_chosen_is_refused():
    gm.config.set_backend(gm.config.backend())
    with pytest.raises(gm.errors.UnsupportedError, match="'jax'"):
        gm.config.set_backend("jax")
    with pytest.raises(gm.errors.UnsupportedError, match="custom_objects"):
        gm.config.enable_unsafe_deserialization()
    with pytest.raises(gm.errors.UnsupportedError, match="gpu:0"), gm.device("gpu:0"):
        pass


def test_switches_without_effect_are_remembered():
    assert gm.config.is_flash_attention_enabled() is None
    gm.config.disable_flash_attention()
    gm.config.disable_traceback_filtering()
    assert gm.config.is_flash_attention_enabled() is False and not gm.config.is_traceback_filtering_enabled()
    gm.config.enable_flash_attention()
    gm.config.enable_traceback_filtering()
    assert gm.config.is_flash_attention_enabled() is None and gm.config.is_traceback_filtering_enabled()
