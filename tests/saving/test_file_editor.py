"""`KerasFileEditor` on files of Keras and on ours."""

from pathlib import Path

import numpy as np
import pytest
from models_for_saving import make_models

import gradmill as gm

MODELS = make_models(gm)
KERAS_FILES = Path(__file__).parents[1] / "golden" / "keras_files"
Editor = gm.saving.KerasFileEditor


@pytest.fixture
def model():
    return gm.Sequential(
        [gm.Input((4,)), gm.layers.Dense(3, name="first"), gm.layers.Dropout(0.5), gm.layers.Dense(2, name="out")]
    )


@pytest.fixture
def editor(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5")
    return Editor(tmp_path / "m.weights.h5")


@pytest.mark.parametrize("name", ["functional.keras", "functional.weights.h5", "sequential.weights.h5"])
def test_a_file_of_keras_fits_and_is_written_again(name, tmp_path):
    editor, model = Editor(KERAS_FILES / name), MODELS[name.split(".")[0]]()
    before = [np.array(each) for each in model.weights]
    model.load_weights(KERAS_FILES / name)
    expected = [np.array(each) for each in model.weights]
    # The file has the state of an optimizer, which this model has not got.
    assert editor.compare(model) == {"status": "error", "error_count": 1, "match_count": len(expected)}
    editor.delete_object("optimizer")
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": len(expected)}
    for variable, value in zip(model.weights, before):
        variable.assign(value)
    editor.resave_weights(tmp_path / "again.weights.h5")
    model.load_weights(tmp_path / "again.weights.h5")
    for variable, value in zip(model.weights, expected):
        np.testing.assert_array_equal(variable, value)


def test_weights_of_sixteen_bits_stay_so(tmp_path):
    editor = Editor(KERAS_FILES / "bfloat16.weights.h5")
    editor.save(tmp_path / "again.weights.h5")
    assert "bfloat16" in {str(each.dtype) for each in editor.weights_dict["layers"]["dense"].values()}
    again = Editor(tmp_path / "again.weights.h5").weights_dict["layers"]["dense"]
    for name, value in editor.weights_dict["layers"]["dense"].items():
        assert str(again[name].dtype) == str(value.dtype)
        np.testing.assert_array_equal(gm.ops.cast(again[name], "float32"), gm.ops.cast(value, "float32"))


def test_what_is_printed(editor, capsys):
    editor.summary()
    expected = [
        "Weights structure", "  layers", "    dense ('first')", "      0: shape=(4, 3), dtype=float32",
        "      1: shape=(3,), dtype=float32", "    dense_1 ('out')", "      0: shape=(3, 2), dtype=float32",
        "      1: shape=(2,), dtype=float32",
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines() == expected


def test_config_and_metadata_of_a_model_file(model, tmp_path, capsys):
    model.save(tmp_path / "m.keras")
    editor = Editor(tmp_path / "m.keras")
    assert editor.config["class_name"] == "Sequential"
    assert editor.metadata["keras_version"] in capsys.readouterr().out


def test_an_edited_file_fits_another_model(editor, tmp_path, model):
    """A layer is put between two, and the last one gets a column more."""
    kernel = np.arange(9, dtype="float32").reshape(3, 3)
    editor.rename_object("dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": kernel, "1": np.ones(3, "float32")})
    last = editor.weights_dict["layers"]["dense_2"]
    editor.add_weights("layers/dense_2", {"0": np.hstack([last["0"], last["0"][:, :1]])})
    editor.delete_weight("dense_2", "1")
    editor.save(tmp_path / "edited.weights.h5")
    wider = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3), gm.layers.Dense(3), gm.layers.Dense(3, use_bias=False)])
    assert Editor(tmp_path / "edited.weights.h5").compare(wider)["match_count"] == 5
    wider.load_weights(tmp_path / "edited.weights.h5")
    np.testing.assert_array_equal(wider.layers[0].kernel, model.layers[0].kernel)
    np.testing.assert_array_equal(wider.layers[1].kernel, kernel)
    np.testing.assert_array_equal(wider.layers[2].kernel[:, :2], model.layers[-1].kernel)


def test_differences_are_told(editor, capsys):
    other = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3), gm.layers.Dense(5, use_bias=False), gm.layers.PReLU()])
    capsys.readouterr()
    assert editor.compare(other) == {"status": "error", "error_count": 3, "match_count": 2}
    said = capsys.readouterr().out
    assert "Weight /layers/dense_1/1 present in saved file, missing from reference model" in said
    assert "mismatch for /layers/dense_1/0: shape=(3, 5) in reference model, shape=(3, 2) in saved file" in said
    assert "Object /layers/p_re_lu, with ['0'], present in reference model, missing from saved file" in said


def test_deleted_objects_are_gone(editor, model, tmp_path):
    editor.delete_object("layers/dense_1")
    assert editor.compare(model)["error_count"] == 1
    editor.save(tmp_path / "less.weights.h5")
    with pytest.raises(gm.errors.ArgumentError, match="out"):
        model.load_weights(tmp_path / "less.weights.h5")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.delete_object("nothing"), "'nothing', which 0 objects have"),
        (lambda e: e.delete_object("0"), "'0', which 2 objects have.*give its whole path"),
        (lambda e: e.delete_object("layers/nothing"), "expected the path of an object; received 'layers/nothing'"),
        (lambda e: e.rename_object("dense", "dense_1"), "not taken; received 'dense_1'"),
        (lambda e: e.rename_object("dense", "a/b"), "no path and not taken; received 'a/b'"),
        (lambda e: e.add_object("layers/new", [1]), "add_object: expected weights as a dictionary.*received a list"),
        (lambda e: e.add_weights("dense", {"0": 1.0}), r"add_weights: .*received \{'0': 1.0\}"),
        (lambda e: e.add_object("other/new", {}), "received 'other'"),
        (lambda e: e.delete_weight("dense", "7"), r"which has \['0', '1'\]; received '7'"),
        (lambda e: e.save("x.keras"), r"ends in \".weights.h5\"; received 'x.keras'"),
        (lambda e: Editor("x.bin"), r"received 'x.bin'"),
    ],
)
def test_errors(call, message, editor):
    with pytest.raises(gm.errors.ArgumentError, match=message):
        call(editor)
