"""Dtypes as Keras's backend sees them (tests/golden/data/dtypes.json), numbers of names, named values."""

import json
import pathlib

import pytest

import gradmill as gm

RECORDED = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "data" / "dtypes.json").read_text())
PYTHON = {"<bool>": bool, "<int>": int, "<float>": float}


def test_result_types_are_those_of_keras():
    found = {
        names: gm.backend.result_type(*(PYTHON.get(name, name) for name in names.split()))
        for names in RECORDED["result_type"]
    }
    assert found == RECORDED["result_type"]
    assert gm.backend.result_type() == RECORDED["nothing"]


def test_kinds_of_dtypes_are_those_of_keras():
    kinds = RECORDED["is_float, is_int"]
    assert {name: [gm.backend.is_float_dtype(name), gm.backend.is_int_dtype(name)] for name in kinds} == kinds


def test_unknown_dtypes_are_named():
    with pytest.raises(gm.errors.DTypeError, match="float33"):
        gm.backend.result_type("float33", int)


def test_numbers_of_names_count_along_with_automatic_names():
    gm.backend.clear_session()
    assert gm.layers.Dense(1).name == "dense"
    assert gm.backend.get_uid("dense") == 2
    assert gm.layers.Dense(1).name == "dense_2"


def test_settings_are_one():
    assert gm.backend.set_floatx is gm.config.set_floatx and gm.backend.backend() == gm.config.backend() == "gradmill"


def test_a_config_that_is_frozen_stays():
    config = gm.utils.Config(rate=0.1)
    config.epochs = 3
    config["seed"] = 4
    assert (config.rate, config["epochs"], config.get("other", 5), len(config)) == (0.1, 3, 5, 3)
    assert list(config) == ["epochs", "rate", "seed"] and "seed" in config
    assert json.loads(config.to_json()) == config.as_dict() == {"rate": 0.1, "epochs": 3, "seed": 4}
    config.freeze()
    for change in (
        lambda: setattr(config, "rate", 1),
        lambda: config.pop("rate"),
        lambda: config.update(rate=1),
        lambda: config.__delitem__("rate"),
    ):
        with pytest.raises(gm.errors.ArgumentError, match="frozen"):
            change()
    config.unfreeze()
    assert config.pop("rate") == 0.1 and "rate" not in config
    with pytest.raises(AttributeError, match="'epoch'.*'epochs'"):
        getattr(config, "epoch")  # noqa: B009
