"""RandAugment and AugMix: what they choose, in functions and outside of them."""

import json
from pathlib import Path

import cases_augmentation as cases
import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, layers

CONFIGS = json.loads((Path(__file__).parents[1] / "golden/layers/augmentation.json").read_text())


@pytest.mark.parametrize("name", cases.POLICIES)
def test_configurations_are_those_of_keras(name):
    layer = getattr(layers, name)(**cases.POLICIES[name])
    assert json.loads(json.dumps(cases.config_of(layer))) == CONFIGS[name]
    assert cases.config_of(type(layer).from_config(layer.get_config())) == cases.config_of(layer)


def make(name, **arguments):
    return getattr(layers, name)(**{"factor": (0.2, 0.4), "seed": 3, **arguments})


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("compiled", [False, True])
def test_each_number_is_one_layer(number, compiled):
    """Twelve numbers for AugMix with one chain of one layer: the last one leaves the images."""
    layer = make("AugMix", num_chains=1, chain_depth=1)
    x = gm.ops.convert_to_tensor(cases.images("bytes"))
    drawn = layer._draw_parts(x)

    def change(x, index):
        shares, weight = gm.ops.ones((1,)), gm.ops.zeros(())
        both = shares, weight, gm.ops.reshape(index, (1, 1)), [[drawn]]
        return layer._change(x, both, False), layer._change(x[..., :1], both, True)

    found = (gm.function(change) if compiled else change)(x, gm.ops.convert_to_tensor(number))
    part = layer._parts[number] if number < 11 else None
    expected = x if part is None else gm.ops.clip(part._change(x, drawn[number], False), 0, 255)
    np.testing.assert_allclose(found[0].numpy(), expected.numpy(), atol=1e-3)
    assert part is None or not np.allclose(expected.numpy(), x.numpy())
    moved = part is not None and part._masks_too
    mask = part._change(x[..., :1], drawn[number], True) if moved else x[..., :1]
    np.testing.assert_allclose(found[1].numpy(), mask.numpy(), atol=1e-3)


def test_layers_are_chosen_alike_and_all_of_them():
    layer = make("RandAugment", num_ops=1)
    chosen = [int(layer._draw(gm.ops.zeros((1, 4, 4, 3)))[0][0]) for _ in range(1100)]
    counts = np.bincount(chosen, minlength=11)
    assert len(counts) == 11 and 65 < counts.min() and counts.max() < 140
    mix = make("AugMix", all_ops=False, num_chains=20, chain_depth=50)
    assert set(np.unique(mix._draw(gm.ops.zeros((1, 4, 4, 3)))[2].numpy())) == set(range(8))


@pytest.mark.parametrize("name", cases.POLICIES)
def test_data_sets_and_calls_agree_with_themselves(name):
    x = np.tile(cases.images("bytes"), (4, 1, 1, 1))

    def changed():
        gm.utils.set_random_seed(2)
        layer = make(name)
        data = gm.data.Dataset.from_tensor_slices(x).batch(2).map(lambda images: layer(images, training=True))
        return np.concatenate([np.asarray(each) for each in data])

    first = changed()
    np.testing.assert_array_equal(changed(), first)
    assert 0 <= first.min() and first.max() <= 255 and not np.array_equal(first[:2], first[2:4])


def test_functions_and_calls_draw_the_same():
    x = cases.images("bytes")
    for name in cases.POLICIES:
        inside = make(name)
        found = gm.function(lambda images, layer=inside: layer(images, training=True))(x)
        np.testing.assert_allclose(found.numpy(), make(name)(x).numpy(), atol=2e-3)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("RandAugment", {"num_ops": 0}), "num_ops"),
        (("RandAugment", {"factor": 2.0}), "rand_augment.*factor.*from 0 to 1; received 2.0"),
        (("AugMix", {"alpha": 0}), "alpha"),
        (("AugMix", {"chain_depth": -1}), "chain_depth"),
        (("AugMix", {"interpolation": "area"}), "'area'"),
    ],
)
def test_mistakes_are_named(arguments, words):
    with pytest.raises(errors.ArgumentError, match=words):
        make(arguments[0], **arguments[1])
