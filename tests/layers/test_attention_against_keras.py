"""Layers with attention against the Keras that is installed: outputs, gradients, ten losses, configurations."""

import against_keras
import cases_attention_layers as cases
import pytest

import gradmill as gm

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture(scope="module")
def keras_answers(tmp_path_factory):
    return against_keras.answers_of_keras(cases, tmp_path_factory.mktemp("keras"))


@pytest.mark.parametrize("number, name", list(enumerate(cases.MODELS)), ids=list(cases.MODELS))
def test_model_is_that_of_keras(keras_answers, number, name):
    against_keras.check(cases, gm, *keras_answers, number, name)
