"""What metrics do beyond Keras's numbers: names, state, nesting, messages."""

import numpy as np
import pytest

import gradmill as gm


@pytest.mark.parametrize(
    "name, expected",
    [
        ("mse", "MeanSquaredError"),
        ("MAE", "MeanAbsoluteError"),
        ("AUC", "AUC"),
        ("auc", "AUC"),
        ("mean_io_u", None),
        ("precision", "Precision"),
        ("root_mean_squared_error", "RootMeanSquaredError"),
        ("sparse_categorical_accuracy", "SparseCategoricalAccuracy"),
    ],
)
def test_names(name, expected):
    if expected is None:
        with pytest.raises(ValueError, match="metric"):
            gm.metrics.get("mean_iuo")
        return
    assert type(gm.metrics.get(name)) is getattr(gm.metrics, expected)


@pytest.mark.parametrize(
    "true_shape, pred_shape, expected",
    [
        ((8, 1), (8, 1), "BinaryAccuracy"),
        ((8,), (8, 5), "SparseCategoricalAccuracy"),
        ((8, 1), (8, 5), "SparseCategoricalAccuracy"),
        ((8, 5), (8, 5), "CategoricalAccuracy"),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
def test_accuracy_is_chosen_by_shapes(name, true_shape, pred_shape, expected):
    metric = gm.metrics.resolve(name, np.zeros(true_shape), np.zeros(pred_shape))
    assert type(metric).__name__ == expected
    assert metric.name == name


def test_crossentropy_is_chosen_by_shapes():
    metric = gm.metrics.resolve("ce", np.zeros(4), np.zeros((4, 3)))
    assert type(metric) is gm.metrics.SparseCategoricalCrossentropy


def test_resolve_wraps_functions_and_keeps_names():
    metric = gm.metrics.resolve(gm.losses.mean_absolute_error, np.zeros(1), np.zeros(1))
    assert type(metric) is gm.metrics.MeanMetricWrapper and metric.name == "mean_absolute_error"
    assert gm.metrics.resolve("mse", np.zeros(1), np.zeros(1)).name == "mse"


def test_a_metric_holds_the_variables_of_the_metrics_in_it():
    class Both(gm.metrics.Metric):
        def __init__(self):
            super().__init__(name="both")
            self.mean = gm.metrics.Mean()
            self.seen = self.add_variable((), name="seen")

        def update_state(self, values, sample_weight=None):
            self.mean.update_state(values, sample_weight)
            self.seen.assign(self.seen + 1.0)

        def result(self):
            return self.mean.result() + self.seen

    metric = Both()
    assert [variable.name for variable in metric.variables] == ["seen", "total", "count"]
    assert float(metric([1.0, 3.0])) == 3.0
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_wrapper_round_trip():
    metric = gm.metrics.MeanMetricWrapper(gm.losses.binary_crossentropy, name="entropy", from_logits=True)
    again = gm.metrics.deserialize(gm.metrics.serialize(metric))
    assert again.get_config() == metric.get_config()
    assert float(again([[0.0]], [[0.0]])) == pytest.approx(np.log(2.0), rel=1e-5)


def test_large_class_numbers_are_compared_exactly():
    y_pred = np.zeros((1, 300), "float32")
    y_pred[0, 256] = 1.0
    assert float(gm.metrics.SparseCategoricalAccuracy()(np.array([0], "uint8"), y_pred)) == 0.0


def test_undefined_predictions_do_not_break_the_counts():
    metric = gm.metrics.AUC(num_thresholds=5)
    metric.update_state(np.float32([0, 1, 1]), np.float32([0.1, np.nan, 0.9]))
    assert np.isfinite(float(metric.result()))


@pytest.mark.parametrize(
    "make",
    [
        lambda: gm.metrics.Precision(thresholds=1.5),
        lambda: gm.metrics.AUC(num_thresholds=1),
        lambda: gm.metrics.AUC(curve="SOC"),
        lambda: gm.metrics.AUC(num_labels=3),
        lambda: gm.metrics.FBetaScore(average="mean"),
        lambda: gm.metrics.FBetaScore(beta=-1.0),
        lambda: gm.metrics.R2Score(class_aggregation="mean"),
        lambda: gm.metrics.IoU(num_classes=2, target_class_ids=[2]),
        lambda: gm.metrics.SensitivityAtSpecificity(2.0),
    ],
)
def test_wrong_arguments_are_refused(make):
    with pytest.raises(ValueError, match="received"):
        make()


@pytest.mark.parametrize(
    "metric, y_true, y_pred",
    [
        ("SparseCategoricalAccuracy", (4, 3), (4, 3)),
        ("CategoricalAccuracy", (5, 3), (4, 3)),
        ("BinaryAccuracy", (4, 3), (4, 2)),
        ("AUC", (4, 3), (4, 2)),
        ("F1Score", (4,), (4,)),
        ("R2Score", (4, 2), (4, 3)),
        ("TopKCategoricalAccuracy", (5, 3), (4, 3)),
    ],
)
def test_shape_errors_name_both_shapes(metric, y_true, y_pred):
    with pytest.raises(ValueError, match="y_pred"):
        getattr(gm.metrics, metric)().update_state(np.zeros(y_true, "float32"), np.ones(y_pred, "float32"))


def test_forgetting_the_base_constructor_is_explained():
    class Broken(gm.metrics.Metric):
        def __init__(self):
            self.total = self.add_variable((), name="total")

    with pytest.raises(RuntimeError, match="super"):
        Broken()


def test_masks_and_functions_that_make_one_number_of_all():
    """The function has weighed its values itself; `del` takes a mask off, as scripts do."""
    x = gm.Input((3,), dtype="int32")
    hidden = gm.layers.Embedding(5, 2, mask_zero=True)(x)
    model = gm.Model(x, gm.layers.Dense(1, kernel_initializer="ones")(hidden))

    def mean_of_all(y_true, y_pred):
        return gm.ops.mean(y_pred)

    model.compile("sgd", "mse", metrics=[mean_of_all])
    tokens, targets = np.array([[1, 0, 0], [2, 3, 0]]), np.zeros((2, 3, 1), "float32")
    result = model.evaluate(tokens, targets, verbose=0, return_dict=True)
    np.testing.assert_allclose(result["mean_of_all"], model.predict(tokens, verbose=0).mean(), rtol=1e-6)
    hidden = model.layers[1](gm.ops.convert_to_tensor(tokens))
    assert hidden._keras_mask.numpy().tolist() == (tokens != 0).tolist()
    del hidden._keras_mask
    assert hidden._keras_mask is None


def test_binary_crossentropy_of_labels_without_a_last_axis():
    labels, predictions = np.array([1.0, 0.0, 1.0], "float32"), np.array([[0.9], [0.2], [0.4]], "float32")
    metric = gm.metrics.BinaryCrossentropy()
    metric.update_state(labels, predictions)
    expected = -np.mean(np.log([0.9, 0.8, 0.4]))
    np.testing.assert_allclose(float(metric.result()), expected, rtol=1e-5)


def test_dice_is_twice_the_overlap_over_both_areas():
    generator = np.random.default_rng(0)
    metric = gm.metrics.Dice(4, ignore_class=3, sparse_y_pred=False)
    update = gm.function(lambda true, scores: metric.update_state(true, scores))
    masks, guesses = [], []
    for _ in range(3):
        # Class 2 occurs neither in masks nor in predictions, so it does not count.
        true = generator.choice([0, 1, 3], (2, 5, 6)).astype("int32")
        scores = generator.random((2, 5, 6, 4)).astype("float32") - [0, 0, 9, 9]
        update(true, scores.astype("float32"))
        masks.append(true[true != 3])
        guesses.append(scores.argmax(-1)[true != 3])
    masks, guesses = np.concatenate(masks), np.concatenate(guesses)
    expected = [
        2 * ((masks == kind) & (guesses == kind)).sum() / ((masks == kind).sum() + (guesses == kind).sum())
        for kind in (0, 1)
    ]
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-5)
    one = gm.metrics.Dice(2, target_class_ids=[1], name="dice")
    assert float(one([0, 1, 1, 0], [0, 1, 0, 1])) == pytest.approx(0.5)
    again = gm.metrics.deserialize(gm.metrics.serialize(one))
    assert type(again) is gm.metrics.Dice and again.get_config() == one.get_config()
    one.reset_state()
    assert float(one.result()) == 0.0
