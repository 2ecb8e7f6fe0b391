"""What losses do beyond Keras's numbers: masks, structures, names, messages."""

import itertools

import numpy as np
import pytest

import gradmill as gm


def test_functions_of_the_same_name_give_the_values_per_sample():
    y_true, y_pred = np.float32([[1, 0], [0, 1]]), np.float32([[0.8, 0.2], [0.4, 0.6]])
    values = gm.losses.categorical_crossentropy(y_true, y_pred)
    np.testing.assert_allclose(values.numpy(), -np.log([0.8, 0.6]), rtol=1e-5)


@pytest.mark.parametrize(
    "name, function",
    [
        ("mse", "mean_squared_error"),
        ("MAE", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("MSLE", "mean_squared_logarithmic_error"),
        ("kld", "kl_divergence"),
        ("bce", "binary_crossentropy"),
        ("huber", "huber"),
    ],
)
def test_short_names(name, function):
    assert gm.losses.get(name) is getattr(gm.losses, function)


def test_get_takes_classes_objects_configurations_and_none():
    loss = gm.losses.Huber(delta=2.0)
    assert gm.losses.get(None) is None
    assert gm.losses.get(loss) is loss
    assert isinstance(gm.losses.get("Huber"), gm.losses.Huber)
    assert isinstance(gm.losses.get(gm.losses.Huber), gm.losses.Huber)
    assert gm.losses.get({"class_name": "Huber", "config": {"delta": 3.0}}).delta == 3.0
    function = gm.losses.deserialize(gm.losses.serialize(gm.losses.mean_squared_error))
    assert function is gm.losses.mean_squared_error


def test_unknown_name_gives_the_nearest():
    with pytest.raises(ValueError, match="mean_squared_error"):
        gm.losses.get("mean_squared_eror")


@pytest.mark.parametrize(
    "true_shape, pred_shape, expected",
    [
        ((8, 1), (8, 1), "binary_crossentropy"),
        ((8,), (8, 1), "binary_crossentropy"),
        ((8,), (8, 5), "sparse_categorical_crossentropy"),
        ((8, 1), (8, 5), "sparse_categorical_crossentropy"),
        ((8, 5), (8, 5), "categorical_crossentropy"),
        ((8, 4), (8, 4, 5), "sparse_categorical_crossentropy"),
    ],
)
@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_crossentropy_is_chosen_by_shapes(name, true_shape, pred_shape, expected):
    loss = gm.losses.resolve(name, np.zeros(true_shape), np.zeros(pred_shape))
    assert loss.fn is getattr(gm.losses, expected)
    assert loss.name == name


def test_resolve_wraps_functions_and_keeps_losses():
    def distance(y_true, y_pred):
        return gm.ops.sum(gm.ops.abs(y_true - y_pred), axis=-1)

    loss = gm.losses.resolve(distance, np.zeros((2, 1)), np.zeros((2, 1)))
    assert loss.name == "distance"
    assert float(loss([[0.0, 0.0]], [[1.0, 2.0]])) == 3.0
    huber = gm.losses.Huber()
    assert gm.losses.resolve(huber, np.zeros(1), np.zeros(1)) is huber
    assert gm.losses.resolve(None, np.zeros(1), np.zeros(1)) is None


@pytest.mark.parametrize(
    "name, y_true, y_pred",
    [
        ("mean_squared_error", (4, 3), (4, 2)),
        ("binary_crossentropy", (4, 3), (4, 2)),
        ("categorical_crossentropy", (4,), (4, 2)),
        ("categorical_focal_crossentropy", (4, 3), (4, 2)),
        ("sparse_categorical_crossentropy", (3,), (4, 2)),
        ("sparse_categorical_crossentropy", (4, 2), (4, 2)),
        ("hinge", (4, 3), (4, 2)),
        ("kl_divergence", (4, 3), (4, 2)),
        ("dice", (4, 3), (4, 2)),
    ],
)
def test_shape_errors_name_the_loss_and_both_shapes(name, y_true, y_pred):
    with pytest.raises(ValueError) as caught:
        getattr(gm.losses, name)(np.zeros(y_true, "float32"), np.ones(y_pred, "float32"))
    assert name in str(caught.value)
    assert str(y_true) in str(caught.value) and str(y_pred) in str(caught.value)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        gm.losses.MeanSquaredError()(np.zeros((4, 2)), np.zeros((4, 2)), sample_weight=np.ones(3))


def test_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="sum_over_batch_size"):
        gm.losses.MeanSquaredError(reduction="average")


def test_empty_batch_gives_a_finite_loss():
    value = gm.losses.MeanSquaredError()(np.zeros((0, 3), "float32"), np.zeros((0, 3), "float32"))
    assert np.all(np.isfinite(value.numpy()))


def test_ignored_labels_may_be_outside_the_classes_and_their_rows_undefined():
    y_pred = np.float32([[0.0, 0.0], [np.nan, np.nan], [1.0, 0.0]])
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    expected = (np.log(2.0) + np.log1p(np.exp(1.0))) / 2.0
    np.testing.assert_allclose(float(loss(np.array([0, -1, 1]), y_pred)), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "float32"])
def test_class_numbers_of_any_dtype(dtype):
    value = gm.losses.SparseCategoricalCrossentropy()(np.array([1, 0], dtype), np.float32([[0.5, 0.5], [0.25, 0.75]]))
    np.testing.assert_allclose(float(value), (np.log(2.0) + np.log(4.0)) / 2.0, rtol=1e-5)


def test_class_axis_need_not_be_the_last():
    y_pred = np.float32([[[0.25, 0.5], [0.75, 0.5]]])
    values = gm.losses.sparse_categorical_crossentropy(np.array([[1, 0]]), y_pred, axis=1)
    np.testing.assert_allclose(values.numpy(), [[-np.log(0.75), np.log(2.0)]], rtol=1e-5)


def test_the_dtype_asked_for_is_used():
    assert gm.losses.MeanSquaredError(dtype="float64").dtype == "float64"
    value = gm.losses.MeanSquaredError(dtype="float64")([[1.0]], [[3.0]])
    assert value.dtype == "float64" and float(value) == 4.0


def test_a_subclass_needs_only_call():
    class Distance(gm.losses.Loss):
        def call(self, y_true, y_pred):
            return gm.ops.mean(gm.ops.abs(y_true - y_pred), axis=-1)

    loss = Distance(reduction="sum")
    assert float(loss([[1.0], [2.0]], [[0.0], [0.0]])) == 3.0
    assert loss.name.startswith("distance")
    with pytest.raises(NotImplementedError, match="call"):
        gm.losses.Loss()([1.0], [1.0])


@pytest.mark.parametrize("axis", [None, (1, 2), -1])
def test_jaccard_is_one_minus_intersection_over_union(axis):
    generator = np.random.default_rng(0)
    masks = (generator.random((3, 4, 5)) < 0.5).astype("float32")
    predicted = generator.random((3, 4, 5)).astype("float32")
    overlap = (masks * predicted).sum(axis)
    union = masks.sum(axis) + predicted.sum(axis) - overlap
    np.testing.assert_allclose(gm.losses.jaccard(masks, predicted, axis).numpy(), 1 - overlap / union, rtol=1e-5)
    loss = gm.losses.Jaccard(axis=axis)
    np.testing.assert_allclose(float(loss(masks, predicted)), np.mean(1 - overlap / union), rtol=1e-5)
    again = gm.losses.deserialize(gm.losses.serialize(loss))
    assert type(again) is gm.losses.Jaccard and again.get_config() == loss.get_config()
    gm.testing.check_gradients(lambda y: gm.losses.jaccard(masks.astype("float64"), y, axis), [predicted])


def test_jaccard_of_masks_alone():
    assert float(gm.losses.jaccard([[1.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]])) == pytest.approx(2 / 3)
    assert float(gm.losses.jaccard([[0.0, 0.0]], [[0.0, 0.0]])) == 1.0
    assert gm.losses.get("jaccard") is gm.losses.jaccard


def ways(labels, steps, classes):
    """All paths whose labels, repeats merged and blanks dropped, are those asked for."""
    for path in itertools.product(range(classes), repeat=steps):
        merged = [each for place, each in enumerate(path) if place == 0 or each != path[place - 1]]
        if [each for each in merged if each] == labels:
            yield path


def test_ctc_is_the_sum_over_all_ways_to_place_the_labels():
    logits = np.random.RandomState(3).normal(size=(3, 4, 3)).astype("float32")
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    labels = [[1, 2], [1, 1], [2]]
    expected = [
        -np.log(sum(np.prod([probability[row, step, each] for step, each in enumerate(path)]) for path in paths))
        for row, paths in enumerate(list(ways(each, 4, 3)) for each in labels)
    ]
    found = gm.losses.ctc(np.array([[1, 2], [1, 1], [2, 0]]), logits)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_ctc_trains_a_model_from_labels_without_places():
    gm.utils.set_random_seed(0)
    x = np.random.RandomState(0).normal(size=(16, 6, 4)).astype("float32")
    x[:, :, 0] = np.linspace(-2, 2, 6)  # tells early steps from late ones
    y = np.tile([[1, 2, 0]], (16, 1))
    model = gm.Sequential([gm.layers.Dense(8, activation="relu"), gm.layers.Dense(3)])
    model.compile(gm.optimizers.Adam(0.05), gm.losses.CTC())
    losses = model.fit(x, y, batch_size=8, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("y_true, y_pred", [((4,), (4, 5, 3)), ((4, 2), (4, 3)), ((3, 2), (4, 5, 3))])
def test_ctc_names_both_shapes(y_true, y_pred):
    with pytest.raises(gm.errors.ShapeError) as caught:
        gm.losses.ctc(np.ones(y_true, "int32"), np.zeros(y_pred, "float32"))
    assert str(y_true) in str(caught.value) and str(y_pred) in str(caught.value)
