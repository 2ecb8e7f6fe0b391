"""What is found under TensorFlow's names, and what is said of names that are not there."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gradmill.tensorflow.keras import layers

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill.errors import UnsupportedError
from gradmill.tensorflow import coverage_table
from gradmill.tensorflow.namespace import Namespace, namespaces

PAGE = Path(__file__).resolve().parents[2] / "python" / "docs" / "tensorflow.md"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("keras.layers.Dense", gm.layers.Dense),
        ("keras.Model", gm.Model),
        ("keras.models.Sequential", gm.Sequential),
        ("keras.Input", gm.Input),
        ("keras.optimizers.legacy.Adam", gm.optimizers.Adam),
        ("keras.optimizers.schedules.CosineDecay", gm.optimizers.schedules.CosineDecay),
        ("keras.layers.experimental.preprocessing.Rescaling", gm.layers.Rescaling),
        ("keras.mixed_precision.experimental.set_policy", gm.mixed_precision.set_global_policy),
        ("keras.applications.vgg16.VGG16", gm.applications.VGG16),
        ("keras.datasets.mnist.load_data", gm.datasets.mnist.load_data),
        ("keras.utils.to_categorical", gm.utils.to_categorical),
        ("keras.backend.clear_session", gm.utils.clear_session),
        ("keras.preprocessing.image.ImageDataGenerator", gm.preprocessing.image.ImageDataGenerator),
        ("keras.preprocessing.image.load_img", gm.utils.load_img),
        ("keras.preprocessing.image_dataset_from_directory", gm.utils.image_dataset_from_directory),
        ("keras.preprocessing.sequence.pad_sequences", gm.utils.pad_sequences),
        ("keras.preprocessing.text.Tokenizer", gm.preprocessing.text.Tokenizer),
        ("losses.MeanSquaredError", gm.losses.MeanSquaredError),
        ("losses.mse", gm.losses.mean_squared_error),
        ("metrics.Mean", gm.metrics.Mean),
        ("initializers.HeNormal", gm.initializers.HeNormal),
        ("compat.v2.keras.layers.Dense", gm.layers.Dense),
        ("python.keras.layers.Dense", gm.layers.Dense),
    ],
)
def test_one_thing_under_two_names(path, expected):
    found = tf
    for part in path.split("."):
        found = getattr(found, part)
    assert found is expected


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("quantization.quantize", "tf.quantization: .*compute in floats"),
        ("keras.quantizers.AbsMaxQuantizer", "tf.keras.quantizers: .*tf.keras.mixed_precision"),
        ("keras.layers.JaxLayer", "tf.keras.layers.JaxLayer: .*no other framework"),
        ("autodiff.ForwardAccumulator", "tf.autodiff: .*gradmill.ops.jvp"),
        ("nn.reluu", "tf.nn.reluu: .*the nearest name is tf.nn.relu"),
        ("reduce_variance", "tf.reduce_variance: .*use tf.math.reduce_variance"),
        ("math.constant", "tf.math.constant: .*use tf.constant"),
        ("nn.matmul", "tf.nn.matmul: .*use tf.matmul"),
        ("keras.layers.Convv2D", "tf.keras.layers.Convv2D: .*tf.keras.layers.Conv2D"),
        ("compat.v1.Session", "tf.compat.v1.Session: "),
        ("Session", "tf.Session: .*tf.function"),
        ("contrib.layers", "tf.contrib: .*tf.keras"),
        ("raw_ops_of_nobody", "tf.raw_ops_of_nobody: .*--covered"),
    ],
)
def test_missing_names(path, advice):
    with pytest.raises(AttributeError, match=advice) as caught:
        found = tf
        for part in path.split("."):
            found = getattr(found, part)
    assert isinstance(caught.value, UnsupportedError)


def test_missing_names_can_be_asked_for():
    assert not hasattr(tf, "contrib")
    assert getattr(tf.nn, "no_such_function", None) is None


def test_modules_can_be_imported():
    assert layers.Dense is gm.layers.Dense
    assert importlib.import_module("gradmill.tensorflow.keras.optimizers").Adam is gm.optimizers.Adam
    with pytest.raises(ImportError, match="tf.keras.layers.Desne: .*tf.keras.layers.Dense"):
        from gradmill.tensorflow.keras.layers import Desne  # noqa: F401, PLC0415
    with pytest.raises(ModuleNotFoundError, match="tf.lite: .*model.save"):
        importlib.import_module("gradmill.tensorflow.lite")


def test_every_listed_name_is_there():
    for path, module in namespaces(tf, "tf"):
        assert isinstance(module, Namespace), path
        for name in dir(module):
            getattr(module, name)


def test_importing_the_package_leaves_import_alone():
    code = (
        "import gradmill, sys; assert 'gradmill.tensorflow' not in sys.modules\n"
        "import gradmill.tensorflow\n"
        "import importlib.util as u; print(u.find_spec('tensorflow_datasets'), 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gradmill" not in done.stdout and done.stdout.endswith("False\n")


def test_page_is_up_to_date():
    """After a change: scripts/make_tensorflow_page.py."""
    text, mark, listed = PAGE.read_text(encoding="utf-8").partition("<!-- by scripts/make_tensorflow_page.py -->\n")
    assert mark and listed == coverage_table.as_page(tf)


def test_backend_of_keras_is_that_of_the_package_but_for_its_name():
    K = tf.keras.backend
    assert K.backend() == tf.keras.config.backend() == "tensorflow"
    assert K.get_uid is gm.backend.get_uid and K.result_type("int32", "float16") == "float16"
    x = tf.keras.Input((2,))
    (doubled,) = K.function([x], [x * 2.0])([np.float32([[1, 2]])])
    assert isinstance(doubled, np.ndarray) and doubled.tolist() == [[2.0, 4.0]]
    tf.nest.assert_same_structure([1, (2,)], [3, (4,)])
    assert tf.nest.pack_sequence_as({"a": 0, "b": 0}, [1, 2]) == {"a": 1, "b": 2}
