"""What the base class promises: names, weights, tracking, losses, masks, dtypes, configuration, errors."""

import json
import re

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, masks, symbolic

layers = gm.layers


class Scale(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.gain = self.add_weight((input_shape[-1],), initializer="ones", name="gain")
        self.steps = self.add_weight((), initializer="zeros", dtype="int32", trainable=False, name="steps")
        self.shift = self.add_weight((input_shape[-1],), initializer="zeros", name="shift")

    def call(self, inputs):
        return inputs * self.gain * self.factor + self.shift


class Outer(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [Scale(name="one"), {"two": Scale(name="two")}]
        self.parts.append(Scale(name="three"))

    def call(self, inputs):
        return self.parts[2](self.parts[1]["two"](self.parts[0](inputs)))


def test_automatic_names_count_by_class():
    symbolic.reset_names()
    names = [layers.Dense(1).name, layers.Dense(1).name, layers.LeakyReLU().name, layers.ReLU(name="mine").name]
    assert names == ["dense", "dense_1", "leaky_re_lu", "mine"]


def test_trainable_weights_come_before_the_others():
    layer = Scale()
    layer(np.ones((1, 3), "float32"))
    assert [each.name for each in layer.weights] == ["gain", "shift", "steps"]
    assert [each.path for each in layer.trainable_weights] == [f"{layer.name}/gain", f"{layer.name}/shift"]
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 3


def test_sublayers_in_lists_and_dictionaries_are_found():
    outer = Outer(name="outer")
    assert [each.name for each in outer._flatten_layers(include_self=False)] == ["one", "two", "three"]
    np.testing.assert_allclose(np.asarray(outer(np.ones((1, 2), "float32"))), 8.0)
    assert outer.weights[0].path == "outer/one/gain" and len(outer.weights) == 9
    removed = outer.parts.pop()
    assert removed.name == "three" and len(outer.weights) == 6


def test_get_and_set_weights():
    layer = Scale()
    layer.build((None, 2))
    layer.set_weights([np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array(7)])
    assert [each.tolist() for each in layer.get_weights()] == [[1.0, 2.0], [3.0, 4.0], 7]
    with pytest.raises(errors.ShapeError, match=r"expected shape \(2,\) for weight .*/shift; received \(3,\)"):
        layer.set_weights([np.zeros(2), np.zeros(3), np.array(1)])
    assert layer.get_weights()[0].tolist() == [1.0, 2.0]


def test_counting_parameters_needs_a_build():
    with pytest.raises(errors.ArgumentError, match="not"):
        layers.Dense(3).count_params()


def test_missing_super_init_is_named():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.dense = layers.Dense(1)

    with pytest.raises(errors.ArgumentError, match=r"super\(\).__init__\(\)"):
        Forgetful()(np.ones((1, 1)))


def test_configuration_is_taken_from_the_constructor_when_plain():
    layer = Scale(3.0, name="triple")
    config = json.loads(json.dumps(layer.get_config()))
    assert config["factor"] == 3.0 and config["name"] == "triple"
    assert Scale.from_config(config).factor == 3.0

    class Holder(layers.Layer):
        def __init__(self, layer, **kwargs):
            super().__init__(**kwargs)
            self.layer = layer

    with pytest.raises(errors.UnsupportedError, match="get_config"):
        Holder(layer).get_config()


def test_losses_come_from_calls_and_regularizers():
    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(gm.ops.sum(inputs) * 2.0)
            return inputs

    inner = Penalty()
    dense = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=gm.regularizers.L2(0.5))
    model = gm.Sequential([inner, dense])
    for _ in range(2):
        model(np.ones((1, 3), "float32"))
        assert [float(each) for each in model.losses] == [6.0, 1.5]


def test_training_argument_comes_from_caller_context_or_default():
    class Ask(layers.Layer):
        def call(self, inputs, training=None):
            seen.append(training)
            return inputs

    class Around(layers.Layer):
        def __init__(self):
            super().__init__()
            self.ask = Ask()

        def call(self, inputs, training=False):
            return self.ask(self.ask(inputs), training=False)

    seen = []
    Around()(np.ones(1), training=True)
    assert seen == [True, False]
    seen.clear()
    Around()(np.ones(1))
    Ask()(np.ones(1))
    assert seen == [False, False, None]


def test_masks_follow_the_tensors():
    x = np.array([[[1.0], [0.0], [2.0]]], "float32")
    masked = layers.Masking()(x)
    assert np.asarray(masks.get_mask(masked)).tolist() == [[True, False, True]]
    after = layers.Dense(2)(layers.Dropout(0.5)(masked))
    assert np.asarray(masks.get_mask(after)).tolist() == [[True, False, True]]
    assert masks.get_mask(layers.Flatten()(masked)) is None
    both = layers.Add()([masked, layers.Masking(mask_value=2.0)(x)])
    assert np.asarray(masks.get_mask(both)).tolist() == [[True, True, True]]

    class Count(layers.Layer):
        def call(self, inputs, mask=None):
            return gm.ops.sum(gm.ops.cast(mask, "float32")) if mask is not None else gm.ops.sum(inputs) * 0.0

    assert float(Count()(masked)) == 2.0 and float(Count()(x)) == 0.0


def test_masked_softmax():
    x, mask = np.zeros((1, 4), "float32"), np.array([[True, False, True, False]])
    np.testing.assert_allclose(np.asarray(layers.Softmax()(x, mask=mask)), [[0.5, 0.0, 0.5, 0.0]], atol=1e-7)


def test_inputs_are_cast_to_the_layers_dtype():
    assert layers.Dense(1)(np.ones((1, 2), "float64")).dtype == "float32"
    assert layers.Dense(1, dtype="float64")(np.ones((1, 2), "float32")).dtype == "float64"
    assert layers.Identity()(np.ones(2, "int32")).dtype == "int32"
    assert layers.Rescaling(0.5)(np.ones(2, "uint8")).dtype == "float32"
    assert layers.Dense(1, dtype="mixed_bfloat16").dtype == "float32"
    assert layers.Dense(1, dtype="mixed_bfloat16").compute_dtype == "bfloat16"


def test_shapes_are_inferred():
    assert layers.Dense(3).compute_output_shape((None, 5, 4)) == (None, 5, 3)
    assert layers.Flatten().compute_output_shape((None, 5, 4)) == (None, 20)
    assert layers.Concatenate().compute_output_shape([(None, 2), (None, 3)]) == (None, 5)
    assert layers.Reshape((-1, 2)).compute_output_shape((7, 4)) == (7, 2, 2)


def test_errors_inside_a_call_name_the_layer_and_its_inputs():
    class Broken(layers.Layer):
        def call(self, inputs):
            return gm.ops.matmul(inputs, np.ones((7, 7), "float32"))

    with pytest.raises(ValueError, match=r"in broken_layer \(Broken\), called with inputs of shape \((2|None), 3\)"):
        gm.Sequential([Broken(name="broken_layer")])(np.ones((2, 3), "float32"))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: gm.ops.matmul(np.ones((20, 20), "float32"), x), "(20, 20) and (None, 6), which give 20 and None"),
        (lambda x: gm.ops.reshape(x, (-1,)) + np.ones(5, "float32"), "shapes (None,) and (5,)"),
    ],
)
def test_errors_in_functional_models_say_none_where_a_size_is_unknown(call, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        layers.Lambda(call)(gm.Input((6,)))


def test_initializers_return_the_shape_of_the_weight():
    with pytest.raises(ValueError, match=r"initializer of weight 'kernel' to return values of shape \(2, 3\).*\(3,\)"):
        layers.Dense(3, kernel_initializer=lambda shape, dtype: gm.ops.ones(shape[1:])).build((None, 2))


def test_build_with_several_inputs():
    class Pair(layers.Layer):
        def build(self, left_shape, right_shape):
            self.weight = self.add_weight((left_shape[-1], right_shape[-1]), name="weight")

        def call(self, left, right):
            return gm.ops.matmul(gm.ops.matmul(left, self.weight), gm.ops.transpose(right))

    layer = Pair()
    assert layer(np.ones((2, 3)), np.ones((5, 4))).shape == (2, 5)
    assert layer.get_build_config() == {"shapes_dict": {"left_shape": (2, 3), "right_shape": (5, 4)}}
    again = Pair()
    again.build_from_config(layer.get_build_config())
    assert again.weights[0].shape == (3, 4)


def test_lambda_layer():
    double = layers.Lambda(lambda x, by: x * by, arguments={"by": 2.0})
    assert np.asarray(double(np.ones(2, "float32"))).tolist() == [2.0, 2.0]
    with pytest.raises(errors.UnsupportedError, match="lambda"):
        double.get_config()
    again = layers.Lambda.from_config(layers.Lambda(gm.activations.relu).get_config())
    assert np.asarray(again(np.array([-1.0, 1.0], "float32"))).tolist() == [0.0, 1.0]


def test_wrapper_tracks_the_layer_inside():
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return self.layer(self.layer(inputs))

    layer = Twice(layers.Dense(2, kernel_initializer="ones"))
    assert np.asarray(layer(np.ones((1, 2), "float32"))).tolist() == [[4.0, 4.0]]
    assert Twice.from_config(layer.get_config()).layer.units == 2


def test_random_layers_keep_mean_and_repeat_with_their_seed():
    x = np.ones((200, 200), "float32")
    for make in (layers.Dropout, layers.GaussianDropout):
        first, second = (np.asarray(make(0.3, seed=5)(x, training=True)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert abs(first.mean() - 1.0) < 0.02
    dropped = np.asarray(layers.Dropout(0.3)(x, training=True))
    assert abs((dropped == 0).mean() - 0.3) < 0.02
    noisy = np.asarray(layers.GaussianNoise(0.5)(x, training=True))
    assert abs(noisy.std() - 0.5) < 0.02
    normal = np.random.default_rng(0).normal(size=(300, 300)).astype("float32")
    kept = np.asarray(layers.AlphaDropout(0.3)(normal, training=True))
    assert abs(kept.mean()) < 0.03 and abs(kept.std() - 1.0) < 0.03
    spatial = np.asarray(layers.SpatialDropout1D(0.5)(np.ones((20, 7, 20), "float32"), training=True))
    assert np.all((spatial == spatial[:, :1]).all(axis=1)) and 0.35 < (spatial == 0).mean() < 0.65


def test_dropout_noise_shape_shares_the_pattern():
    out = np.asarray(layers.Dropout(0.5, noise_shape=(None, 1, 8))(np.ones((4, 6, 8), "float32"), training=True))
    assert np.all(out == out[:, :1])


def test_identity_of_the_same_object_under_sharing_scope():
    shared = layers.Dense(2)
    with gm.serialization.ObjectSharingScope():
        first, second = (gm.serialization.serialize_object(shared) for _ in range(2))
    assert first["shared_object_id"] == second["shared_object_id"]
    with gm.serialization.ObjectSharingScope():
        assert gm.serialization.deserialize_object(first) is gm.serialization.deserialize_object(second)
