"""What Keras offers under several names is one thing here, too."""

import pytest

import gradmill as gm

SAME = {
    "models.load_model": "saving.load_model",
    "models.save_model": "saving.save_model",
    "utils.CustomObjectScope": "saving.CustomObjectScope",
    "utils.custom_object_scope": "saving.custom_object_scope",
    "utils.deserialize_keras_object": "saving.deserialize_keras_object",
    "utils.get_custom_objects": "saving.get_custom_objects",
    "utils.get_registered_name": "saving.get_registered_name",
    "utils.get_registered_object": "saving.get_registered_object",
    "utils.register_keras_serializable": "saving.register_keras_serializable",
    "utils.serialize_keras_object": "saving.serialize_keras_object",
    "config.dtype_policy": "mixed_precision.dtype_policy",
    "config.set_dtype_policy": "mixed_precision.set_dtype_policy",
    "layers.Convolution1D": "layers.Conv1D",
    "layers.Convolution1DTranspose": "layers.Conv1DTranspose",
    "layers.Convolution2D": "layers.Conv2D",
    "layers.Convolution2DTranspose": "layers.Conv2DTranspose",
    "layers.Convolution3D": "layers.Conv3D",
    "layers.Convolution3DTranspose": "layers.Conv3DTranspose",
    "layers.SeparableConvolution1D": "layers.SeparableConv1D",
    "layers.SeparableConvolution2D": "layers.SeparableConv2D",
    "layers.MaxPool2D": "layers.MaxPooling2D",
    "layers.AvgPool2D": "layers.AveragePooling2D",
    "layers.GlobalAvgPool2D": "layers.GlobalAveragePooling2D",
}


def find(path):
    value = gm
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("name", SAME)
def test_another_name(name):
    assert find(name) is find(SAME[name])


@pytest.mark.parametrize("module", ["config", "models", "utils"])
def test_unknown_name(module):
    with pytest.raises(AttributeError, match=f"gradmill.{module}.*no_such_name"):
        find(f"{module}.no_such_name")


def test_operations_are_layers():
    with pytest.raises(AttributeError, match=r"no attribute 'Operation'; subclass gm\.Layer"):
        find("Operation")


def test_export_says_what_to_use():
    model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1)])
    with pytest.raises(gm.errors.UnsupportedError, match=r"received 'onnx'; use model\.save"):
        model.export("model", format="onnx")
    with pytest.raises(gm.errors.UnsupportedError, match=r"ExportArchive: .*use model\.save"):
        gm.export.ExportArchive()
