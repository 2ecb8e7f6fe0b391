"""Applications whose reference is Keras: names, order, shapes, counts and outputs are Keras's."""

import numpy as np
import pytest
from recorded import load, module

import gradmill as gm

SEEDED = module("seeded")
STRUCTURE, OUTPUTS = load("structure"), load("outputs")
# What these models have with default arguments in Keras; they build in seconds.
PUBLISHED = {
    "ResNet50": 25636712,
    "MobileNetV2": 3538984,
    "VGG16": 138357544,
    "EfficientNetB0": 5330571,
    "MobileNet": 4253864,
    "InceptionV3": 23851784,
    "Xception": 22910480,
}
_QUICK = (
    "ResNet50",
    "ResNet50V2",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "InceptionV3",
    "Xception",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetV2B0",
)
_QUICK_OUTPUTS = (
    "ResNet50",
    "MobileNetWide",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3SmallMinimalistic",
    "InceptionV3",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "ConvNeXtTiny",
)


def rows(names, quick):
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", rows([name for name in STRUCTURE if name != "made_with"], _QUICK))
def test_structure(name):
    expected = STRUCTURE[name]
    gm.utils.clear_session()
    model = getattr(gm.applications, name)()
    found = SEEDED.listing(model)
    if "listing" in expected:
        assert found == expected["listing"]
    assert model.name == expected["name"] and model.count_params() == expected["parameters"]
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == expected["trainable"]
    assert len(found) == expected["layers"] and SEEDED.digest(found) == expected["digest"]
    assert expected["parameters"] == PUBLISHED.get(name, expected["parameters"])


@pytest.mark.parametrize("name", rows([name for name in OUTPUTS if name != "made_with"], _QUICK_OUTPUTS))
def test_outputs(name):
    size = SEEDED.OUTPUT_SIZES[name]
    kind, more = SEEDED.VARIANTS.get(name, (name, {}))
    model = getattr(gm.applications, kind)(input_shape=(size, size, 3), classes=10, classifier_activation=None, **more)
    SEEDED.set_seeded_weights(model)
    found = model.predict(SEEDED.images(size), verbose=0)
    expected = np.array(OUTPUTS[name])
    # From B4 on, rounding grows with the depth beyond what the shallower models show.
    bound = 1e-3 if name in ("EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7") else 1e-4
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound * max(1, np.abs(expected).max()))
