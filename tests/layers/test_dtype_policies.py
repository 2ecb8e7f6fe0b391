"""Policies as objects, by the paths of layers, and dtypes in which layers cannot be trained."""

import json

import numpy as np
import pytest

import gradmill as gm

# What Keras 3.15.1 writes for the same map.
KERAS_CONFIG = {
    "module": "keras.dtype_policies",
    "class_name": "DTypePolicyMap",
    "config": {
        "default_policy": "bfloat16",
        "policy_map": {
            name: {"module": "keras", "class_name": "DTypePolicy", "config": {"name": policy}, "registered_name": None}
            for name, policy in {"model/dense": "float16", "enc/.*": "mixed_float16"}.items()
        },
    },
    "registered_name": None,
}


def map_of_policies():
    policies = {"model/dense": gm.DTypePolicy("float16"), "enc/.*": gm.DTypePolicy("mixed_float16")}
    return gm.dtype_policies.DTypePolicyMap("bfloat16", policies)


def test_names_for_one_thing():
    assert gm.mixed_precision.LossScaleOptimizer is gm.optimizers.LossScaleOptimizer
    assert gm.FloatDTypePolicy is gm.dtype_policies.DTypePolicy is gm.mixed_precision.Policy is gm.DTypePolicy
    assert gm.DTypePolicy().name == gm.config.dtype_policy().name == "float32"
    assert gm.DTypePolicy("float16").quantization_mode is None


@pytest.mark.parametrize("identifier", ["mixed_bfloat16", gm.DTypePolicy("mixed_bfloat16")])
def test_layers_take_policies(identifier):
    layer = gm.layers.Dense(2, dtype=identifier)
    assert layer(np.ones((1, 3), "float32")).dtype == "bfloat16" and layer.kernel.dtype == "float32"
    again = gm.layers.Dense.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.dtype_policy == layer.dtype_policy == gm.DTypePolicy("mixed_bfloat16")


def test_a_map_is_searched_as_in_keras():
    policies = map_of_policies()
    found = [policies[path].name for path in ("model/dense", "enc/a/b", "enc", "model/dense/x")]
    assert found == ["float16", "mixed_float16", "bfloat16", "bfloat16"]
    assert (policies.name, policies.compute_dtype, len(policies)) == ("map_bfloat16", "bfloat16", 2)
    assert "enc/.*" in policies and "enc/a" not in policies and list(policies) == ["model/dense", "enc/.*"]
    policies["enc/a"] = "float64"
    assert policies["enc/a"].name == "float64"
    policies["enc/b.*"] = "float64"
    with pytest.raises(gm.errors.ArgumentError, match=r"'enc/bc'.*'enc/\.\*', 'enc/b\.\*'"):
        policies["enc/bc"]
    with pytest.raises(gm.errors.ArgumentError, match="'enc/a'"):
        policies["enc/a"] = "float32"


def test_what_a_map_is_not_made_of():
    with pytest.raises(gm.errors.ArgumentError, match="one policy"):
        gm.dtype_policies.DTypePolicyMap(map_of_policies())
    with pytest.raises(TypeError, match="policy_map"):
        gm.dtype_policies.DTypePolicyMap(policy_map=["a"])
    with pytest.raises(gm.errors.DTypeError, match="float33"):
        gm.dtype_policies.DTypePolicyMap("float33")


def test_configuration_of_a_map_is_that_of_keras():
    config = gm.dtype_policies.serialize(map_of_policies())
    assert config == KERAS_CONFIG
    again = gm.dtype_policies.deserialize(json.loads(json.dumps(config)))
    assert again == map_of_policies() and gm.dtype_policies.get(KERAS_CONFIG) == again


def test_a_layer_finds_its_policy_by_its_path(tmp_path):
    policies = gm.dtype_policies.DTypePolicyMap("float32", {"(.*/)?dense": "mixed_bfloat16", ".*/query": "float16"})
    dense, other = gm.layers.Dense(2, name="dense", dtype=policies), gm.layers.Dense(2, name="other", dtype=policies)
    model = gm.Sequential([gm.Input((3,)), dense, other])
    assert (dense.compute_dtype, dense.variable_dtype, other.compute_dtype) == ("bfloat16", "float32", "float32")
    assert dense.dtype_policy is policies
    model.save(tmp_path / "model.keras")
    loaded = gm.saving.load_model(tmp_path / "model.keras")
    assert [each.compute_dtype for each in loaded.layers] == ["bfloat16", "float32"]


@pytest.mark.parametrize(
    "layer",
    [
        lambda dtype: gm.layers.Dense(2, dtype=dtype),
        lambda dtype: gm.layers.Conv1D(2, 3, dtype=dtype),
        lambda dtype: gm.layers.BatchNormalization(dtype=dtype),
        lambda dtype: gm.layers.LSTM(2, dtype=dtype),
        lambda dtype: gm.layers.Embedding(3, 2, dtype=dtype),
    ],
)
@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_layers_that_are_trained_need_floats(layer, dtype):
    with pytest.raises(gm.errors.DTypeError) as caught:
        layer(dtype)(np.ones((2, 4, 3), "float32"))
    assert f"dtype={dtype!r}" in str(caught.value) and "weight '" in str(caught.value)


def test_layers_of_integers_may_count_and_pass_values_on():
    class Counter(gm.Layer):
        def build(self, input_shape):
            self.count = self.add_weight((), trainable=False, name="count")

        def call(self, x):
            return x + self.count

    assert Counter(dtype="int32")(np.ones((2, 3), "int32")).dtype == "int32"
    assert gm.layers.Flatten(dtype="uint8")(np.ones((2, 3, 4), "uint8")).dtype == "uint8"
