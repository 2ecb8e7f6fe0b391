"""Arguments of the applications, files of weights, and what stands around them."""

import json

import numpy as np
import pytest

import gradmill as gm

applications = gm.applications


def small(**options):
    """The smallest of the networks."""
    return applications.MobileNetV2((32, 32, 3), alpha=0.35, **{"classes": 4, **options})


@pytest.mark.parametrize("ending", [".weights.h5", ".keras", ".h5"])
def test_weights_from_a_file(tmp_path, ending):
    model = small()
    path = tmp_path / f"model{ending}"
    (model.save_weights if ending == ".weights.h5" else model.save)(path)
    other = small(weights=path)
    for expected, found in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(found, expected)


def test_save_and_load_the_whole_model(tmp_path):
    model = small()
    x = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"model{ending}")
        loaded = gm.saving.load_model(tmp_path / f"model{ending}")
        np.testing.assert_allclose(loaded(x).numpy(), model(x).numpy(), rtol=1e-6, atol=1e-7)
        assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]


def test_layer_names_of_torch_survive_files(tmp_path):
    model = applications.SqueezeNet1_1(input_shape=(64, 64, 3), classes=3)
    for ending in (".keras", ".h5", ".weights.h5"):
        path = tmp_path / f"model{ending}"
        (model.save_weights if ending == ".weights.h5" else model.save)(path)
        other = applications.SqueezeNet1_1(input_shape=(64, 64, 3), classes=3, weights=path)
        for expected, found in zip(model.get_weights(), other.get_weights()):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_weights_of_another_number_of_classes(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    (small().save_weights if ending == ".weights.h5" else small().save)(path)
    with pytest.raises(gm.errors.GradMillError) as failure:
        small(classes=5, weights=path)
    for words in ("predictions", "(1280, 5)", "(1280, 4)", str(path)):
        assert words in str(failure.value)


def test_weights_of_another_model(tmp_path):
    path = tmp_path / "model.weights.h5"
    small().save_weights(path)
    with pytest.raises(gm.errors.GradMillError, match="model.weights.h5.*use the file of the same model"):
        applications.SqueezeNet1_1(input_shape=(64, 64, 3), weights=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(gm.errors.GradMillError, match="model.weights.h5"):
        small(weights=path)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"weights": "imagenet"}, "ArgumentError", "no weights come with this package"),
        ({"weights": 3}, "ArgumentError", "None or a path"),
        ({"pooling": "mean"}, "ArgumentError", "'mean'"),
        ({"classes": 0}, "ArgumentError", "positive integer; received 0"),
        ({"classes": 2.5}, "ArgumentError", "positive integer; received 2.5"),
        ({"input_shape": (31, 64, 3)}, "ShapeError", "at least 32x32; received 31x64"),
        ({"input_shape": (64, 64)}, "ShapeError", "(64, 64)"),
        ({"input_shape": "large"}, "ShapeError", "'large'"),
        ({"input_shape": (64, 64, None)}, "ShapeError", "fixed number of channels"),
        ({"input_shape": (None, None, 3)}, "ShapeError", "include_top=False"),
        ({"input_tensor": np.zeros((1, 32, 32, 3))}, "ArgumentError", "symbolic"),
    ],
)
@pytest.mark.parametrize("name", ["ResNet50", "EfficientNetB0", "VGG16"])
def test_bad_arguments(name, options, error, words):
    with pytest.raises(getattr(gm.errors, error)) as failure:
        getattr(applications, name)(**options)
    assert words in str(failure.value) and name.lower() in str(failure.value)


def test_missing_file_and_bad_alpha(tmp_path):
    with pytest.raises(FileNotFoundError, match="existing file"):
        small(weights=tmp_path / "absent.h5")
    for alpha in (0, -1.0, "wide", float("nan")):
        with pytest.raises(gm.errors.ArgumentError, match="alpha"):
            applications.MobileNetV2((32, 32, 3), alpha=alpha)
        with pytest.raises(gm.errors.ArgumentError, match="MobileNetV3Small.*alpha"):
            applications.MobileNetV3Small((32, 32, 3), alpha=alpha)


def test_without_top():
    assert small(include_top=False).output_shape == (None, 1, 1, 1280)
    assert small(include_top=False, pooling="avg").output_shape == (None, 1280)
    assert small(include_top=False, pooling="max").output_shape == (None, 1280)
    free = applications.SqueezeNet1_0(include_top=False, pooling="max")
    assert free.input_shape == (None, None, None, 3) and free.output_shape == (None, 512)


def test_input_tensor_and_other_channels():
    gm.utils.clear_session()  # names without numbers
    inputs = gm.Input((40, 48, 1))
    scaled = gm.layers.Rescaling(1 / 255)(inputs)
    model = applications.MobileNetV2(input_tensor=scaled, alpha=0.35, classes=4, name="grey")
    assert model.input_shape == (None, 40, 48, 1) and model.layers[1].name == "rescaling" and model.name == "grey"
    assert model(np.zeros((2, 40, 48, 1))).shape == (2, 4)


def test_logits_and_probabilities():
    x = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    model = small(classifier_activation=None)
    other = small()
    other.set_weights(model.get_weights())
    logits = model(x).numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(other(x).numpy(), expected, rtol=1e-5)


def test_a_network_learns():
    gm.utils.set_random_seed(1)
    x = np.random.default_rng(0).random((16, 64, 64, 3), dtype="float32")
    y = np.arange(16) % 2
    x[y == 1, :32] = 0
    model = applications.SqueezeNet1_1(input_shape=(64, 64, 3), classes=2)
    model.compile(gm.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, epochs=12, batch_size=8, verbose=0).history["loss"]
    assert min(losses) < 0.5 * losses[0]  # without normalization, Adam leaves a minimum now and then


IMAGE = np.arange(24, dtype="uint8").reshape(1, 2, 4, 3) * 10


@pytest.mark.parametrize("module", ["resnet", "resnet50", "vgg", "vgg16", "vgg19"])
def test_preprocessing_of_caffe(module):
    found = getattr(applications, module).preprocess_input(IMAGE)
    expected = IMAGE[..., ::-1] - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found.dtype == np.float32 and IMAGE[0, 0, 0, 2] == 20


@pytest.mark.parametrize(
    "module", ["resnet_v2", "mobilenet", "mobilenet_v2", "inception_v3", "inception_resnet_v2", "nasnet", "xception"]
)
def test_preprocessing_to_one(module):
    np.testing.assert_allclose(getattr(applications, module).preprocess_input(IMAGE), IMAGE / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("module", ["resnet18", "alexnet", "squeezenet", "densenet"])
def test_preprocessing_of_torch(module):
    expected = (IMAGE / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    preprocess = getattr(applications, module).preprocess_input
    np.testing.assert_allclose(preprocess(IMAGE), expected, rtol=1e-5, atol=1e-6)
    found = preprocess(gm.ops.convert_to_tensor(IMAGE.astype("float32"))).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_preprocessing_of_other_forms():
    preprocess = applications.imagenet_utils.preprocess_input
    for mode in ("caffe", "tf", "torch"):
        last = preprocess(IMAGE, mode=mode)
        first = preprocess(IMAGE.transpose(0, 3, 1, 2), data_format="channels_first", mode=mode)
        np.testing.assert_allclose(first.transpose(0, 2, 3, 1), last, rtol=1e-6)
        np.testing.assert_allclose(preprocess(IMAGE[0], mode=mode), last[0])
        np.testing.assert_allclose(preprocess(gm.ops.convert_to_tensor(IMAGE), mode=mode).numpy(), last, rtol=1e-5)
        assert preprocess(gm.Input((8, 8, 3)), mode=mode).shape == (None, 8, 8, 3)
    for module in ("convnext", "efficientnet", "efficientnet_v2", "mobilenet_v3"):
        assert getattr(applications, module).preprocess_input(IMAGE) is IMAGE
    with pytest.raises(gm.errors.ArgumentError, match="mode"):
        preprocess(IMAGE, mode="keras")
    with pytest.raises(gm.errors.ArgumentError, match="data_format"):
        preprocess(IMAGE, data_format="last")
    with pytest.raises(gm.errors.ShapeError, match="three channels"):
        preprocess(IMAGE[..., :2])


def test_decoding(tmp_path, monkeypatch):
    decode = applications.resnet.decode_predictions
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    index = {"0": ["n01", "tench"], "1": ["n02", "goldfish"], "2": ["n03", "shark"]}
    path = tmp_path / "imagenet_class_index.json"
    path.write_text(json.dumps(index))
    expected = [[("n02", "goldfish", 0.7), ("n03", "shark", 0.2)], [("n01", "tench", 0.5), ("n03", "shark", 0.3)]]
    assert decode(scores, top=2, class_names=path) == expected
    assert decode(scores, top=2, class_names=list(index.values())) == expected
    monkeypatch.setenv("GRADMILL_DATA", str(tmp_path))
    assert decode(gm.ops.convert_to_tensor(scores), top=2)[0][0][:2] == ("n02", "goldfish")
    (tmp_path / "names.txt").write_text("tench\ngoldfish\n\nshark\n")
    assert decode(scores, top=1, class_names=tmp_path / "names.txt") == [
        [("1", "goldfish", 0.7)],
        [("0", "tench", 0.5)],
    ]
    with pytest.raises(gm.errors.ArgumentError, match="3 classes.*received 2"):
        decode(scores[:, :2])
    with pytest.raises(gm.errors.ShapeError, match="shape"):
        decode(scores[0])
    with pytest.raises(gm.errors.ArgumentError, match="top"):
        decode(scores, top=0)
    with pytest.raises(gm.errors.ArgumentError, match="pairs"):
        decode(scores, class_names=[1, 2, 3])
    path.write_text("{")
    with pytest.raises(gm.errors.ArgumentError, match="imagenet_class_index.json"):
        decode(scores)


def test_decoding_without_names_says_where_they_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADMILL_DATA", raising=False)
    monkeypatch.setattr(applications.imagenet_utils, "_INDEX_URL", "http://127.0.0.1:9/imagenet_class_index.json")
    with pytest.raises(gm.errors.ArgumentError) as failure:
        applications.resnet.decode_predictions(np.zeros((1, 1000)))
    for words in (str(tmp_path / "cache"), ".keras", "class_names"):
        assert words in str(failure.value)
