"""Applications whose reference is torchvision: parameters, state dicts and outputs are torch's."""

import numpy as np
import pytest
from recorded import load, module
from safetensors_files import write_safetensors

import gradmill as gm

SEEDED, TORCH = module("seeded"), load("torch")
_QUICK = ("ResNet18", "SqueezeNet1_0", "SqueezeNet1_1")
NAMES = [pytest.param(name, marks=() if name in _QUICK else pytest.mark.slow) for name in TORCH if name != "made_with"]


def seeded_tensor(name, shape):
    """The values that `torch_models.py` gave the tensor, in torch's order of axes."""
    part = name.rpartition(".")[2]
    if part == "num_batches_tracked":
        return np.array(7, np.int64)
    if part == "weight" and len(shape) > 1:
        return np.moveaxis(SEEDED.values("kernel", (*shape[1:], shape[0]), name), -1, 0)
    return SEEDED.values({"weight": "gamma", "running_var": "variance"}.get(part, "bias"), shape, name)


def state_dict(name):
    return {key: seeded_tensor(key, tuple(shape)) for key, shape in TORCH[name]["tensors"].items()}


def make(name, **options):
    size = SEEDED.TORCH_SIZES[name]
    return getattr(gm.applications, name)(
        input_shape=(size, size, 3), classes=10, classifier_activation=None, **options
    )


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_gives_the_outputs_of_torch(name, tmp_path):
    path = tmp_path / f"{name}.safetensors"
    write_safetensors(path, state_dict(name))
    found = make(name, weights=path).predict(SEEDED.images(SEEDED.TORCH_SIZES[name]) / 127.5 - 1, verbose=0)
    expected = np.array(TORCH[name]["logits"])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name):
    model = getattr(gm.applications, name)()
    # torch counts what is trained; statistics of batch normalization are buffers there.
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == TORCH[name]["parameters"]
    assert model.output_shape == (None, 1000)


def test_published_counts():
    published = {"ResNet18": 11689512, "AlexNet": 61100840, "SqueezeNet1_1": 1235496}
    assert {name: TORCH[name]["parameters"] for name in published} == published


def test_batch_normalization_is_that_of_torch():
    layer = make("ResNet18").get_layer("layer1.0.bn1")
    assert layer.epsilon == 1e-5 and layer.momentum == 0.9


def test_wrong_state_dicts(tmp_path):
    path = tmp_path / "wrong.safetensors"
    tensors = state_dict("SqueezeNet1_1")
    write_safetensors(path, tensors)
    with pytest.raises(gm.errors.ArgumentError, match="tensors are missing: bn1.bias.*belong to no layer: features.0"):
        make("ResNet18", weights=path)
    with pytest.raises(gm.errors.ShapeError, match=r"classifier.1.weight.*\(1, 1, 512, 1000\).*\(10, 512, 1, 1\)"):
        gm.applications.SqueezeNet1_1(input_shape=(64, 64, 3), weights=path)
    del tensors["features.0.bias"]
    write_safetensors(path, tensors)
    with pytest.raises(gm.errors.ArgumentError, match="1 tensors are missing: features.0.bias"):
        make("SqueezeNet1_1", weights=path)
    with pytest.raises(gm.errors.ArgumentError, match="state dicts of torchvision fit"):
        gm.applications.MobileNetV2((32, 32, 3), weights=path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(gm.errors.ArgumentError, match="wrong.safetensors"):
        make("SqueezeNet1_1", weights=path)


@pytest.mark.parametrize("shape", [(64, 65), (65, 65), (64, 64), (67, 70)])
def test_partial_windows_count_in_squeezenet(shape):
    """torch's ceil_mode: a pooled size is ceil((n - 3) / 2) + 1; sizes that are free give the same."""

    def pooled(size):
        for _ in range(3):
            size = -(-(size - 3) // 2) + 1
        return size

    expected = tuple(pooled((size - 3) // 2 + 1) for size in shape)
    fixed = gm.applications.SqueezeNet1_1(include_top=False, input_shape=(*shape, 3))
    assert fixed.output_shape == (None, *expected, 512)
    free = gm.applications.SqueezeNet1_1(include_top=False)
    free.set_weights(fixed.get_weights())
    x = np.random.default_rng(0).random((1, *shape, 3), dtype="float32")
    np.testing.assert_allclose(free(x).numpy(), fixed(x).numpy(), rtol=1e-5, atol=1e-5)
