"""Writes the fixtures of this folder with real Keras: what its losses, metrics, optimizers and schedules compute.

Run: KERAS_BACKEND=jax python make_objectives.py   (Keras 3.15.1 on JAX made the files that are kept)
Each file is a list of cases, one a line: constructor, inputs, and Keras's answers. The tests replay them.
"""

import functools
import json
import pathlib

import jax
import keras
import numpy as np

FOLDER = pathlib.Path(__file__).parent
RANDOM = np.random.RandomState(20)


def plain(value):
    """Arrays as nested lists of the shortest decimals that read back to the same float32."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and not all(np.isscalar(each) for each in value):
        return [plain(each) for each in value]
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return json.loads(
            json.dumps(array.astype("float64").tolist()), parse_float=lambda text: float(f"{float(text):.9g}")
        )
    return array.tolist()


def write(name, cases):
    cases = list(cases)
    lines = ",\n".join(json.dumps(plain(case), separators=(",", ":")) for case in cases)
    (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n")
    print(name, len(cases))


def normal(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def uniform(*shape):
    return RANDOM.uniform(0.02, 0.98, size=shape).astype("float32")


def distribution(*shape):
    x = np.exp(RANDOM.normal(size=shape))
    return (x / x.sum(-1, keepdims=True)).astype("float32")


def one_hot(shape, classes):
    return np.eye(classes, dtype="float32")[RANDOM.randint(0, classes, shape)]


def binary(*shape):
    return RANDOM.randint(0, 2, shape).astype("float32")


def loss_of(loss, y_true, weight, y_pred):
    return loss(y_true, y_pred, sample_weight=weight)


def loss_cases():
    labels = RANDOM.randint(0, 5, (6,))
    pixel_labels = RANDOM.randint(0, 4, (2, 3, 3))
    real = [
        ("vector", normal(6, 3), normal(6, 3)),
        ("column", normal(6), normal(6, 1)),
        ("map", normal(2, 3, 4), normal(2, 3, 4)),
    ]
    positive = [("vector", np.abs(normal(6, 3)), np.abs(normal(6, 3)))]
    events = [("vector", binary(6, 3), uniform(6, 3)), ("column", binary(6, 1), uniform(6, 1))]
    event_logits = [("vector", binary(6, 3), 3 * normal(6, 3))]
    classes = [("vector", one_hot((6,), 5), distribution(6, 5)), ("map", distribution(2, 3, 4), distribution(2, 3, 4))]
    class_logits = [("vector", one_hot((6,), 5), 3 * normal(6, 5))]
    sparse = [
        ("vector", labels, distribution(6, 5)),
        ("column", labels[:, None], distribution(6, 5)),
        ("map", pixel_labels, distribution(2, 3, 3, 4)),
    ]
    sparse_logits = [("vector", labels, 3 * normal(6, 5)), ("map", pixel_labels, 3 * normal(2, 3, 3, 4))]
    signs = [("vector", np.sign(normal(6, 3)), normal(6, 3)), ("binary", binary(6, 3), normal(6, 3))]
    embeddings = normal(6, 4)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    table = [
        ("MeanSquaredError", {}, real),
        ("MeanAbsoluteError", {}, real),
        ("MeanAbsolutePercentageError", {}, real),
        ("MeanSquaredLogarithmicError", {}, positive),
        ("CosineSimilarity", {}, real[:1] + real[2:]),
        ("CosineSimilarity", {"axis": 1}, real[2:]),
        ("Huber", {}, real),
        ("Huber", {"delta": 0.4}, real),
        ("LogCosh", {}, real),
        ("Hinge", {}, signs),
        ("SquaredHinge", {}, signs),
        ("CategoricalHinge", {}, class_logits),
        ("KLDivergence", {}, classes),
        ("Poisson", {}, positive),
        ("BinaryCrossentropy", {}, events),
        ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, event_logits),
        ("BinaryFocalCrossentropy", {}, events),
        (
            "BinaryFocalCrossentropy",
            {"from_logits": True, "apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
            event_logits,
        ),
        ("CategoricalCrossentropy", {}, classes),
        ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, class_logits),
        ("CategoricalCrossentropy", {"axis": 1}, classes[1:]),
        ("CategoricalFocalCrossentropy", {}, classes),
        (
            "CategoricalFocalCrossentropy",
            {"from_logits": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
            class_logits,
        ),
        ("SparseCategoricalCrossentropy", {}, sparse),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse_logits),
        ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 2}, sparse_logits),
        ("Dice", {}, events),
        ("Dice", {"axis": (1,)}, events[:1]),
        ("Tversky", {"alpha": 0.3, "beta": 0.7}, events),
        ("Circle", {"gamma": 4.0}, [("embedding", np.array([0, 1, 0, 2, 1, 0]), embeddings)]),
        ("CategoricalGeneralizedCrossEntropy", {"q": 0.6}, sparse[:1]),
    ]
    return recorded_losses(table)


def later_loss_cases():
    labels = np.array([[1, 2, 0, 0], [3, 3, 1, 0], [0, 0, 0, 0], [2, 1, 3, 1]])
    return recorded_losses([("CTC", {}, [("vector", labels, 2 * normal(4, 7, 4))])])


def recorded_losses(table):
    for name, kwargs, inputs in table:
        loss_class = getattr(keras.losses, name)
        for label, y_true, y_pred in inputs:
            case = {"class": name, "kwargs": kwargs, "input": label, "y_true": y_true, "y_pred": y_pred}
            case["integer"] = bool(np.asarray(y_true).dtype.kind == "i")
            case["values"] = loss_class(reduction=None, **kwargs)(y_true, y_pred)
            case["config"] = loss_class(**kwargs).get_config()
            values_shape = np.shape(case["values"])
            weights = [None] if values_shape == () else [None, uniform(*values_shape)]
            if len(values_shape) > 1:
                weights.append(uniform(values_shape[0], *([1] * (len(values_shape) - 1))))
            case["reduced"] = []
            for weight in weights:
                for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight"):
                    if reduction != "sum_over_batch_size" and label != "vector":
                        continue
                    loss = loss_class(reduction=reduction, **kwargs)
                    value, gradient = jax.value_and_grad(functools.partial(loss_of, loss, y_true, weight))(y_pred)
                    case["reduced"].append(
                        {"reduction": reduction, "weight": weight, "value": value, "gradient": gradient}
                    )
            yield case


def metric_cases():
    def batches(make_true, make_pred, weights=True):
        found = [(make_true(), make_pred(), None), (make_true(), make_pred(), None)]
        if weights:
            true, pred = make_true(), make_pred()
            found.append((true, pred, uniform(len(true))))
        return found

    def real(*shape):
        return batches(lambda: normal(*shape), lambda: normal(*shape))

    def events(*shape):
        return batches(lambda: binary(*shape), lambda: np.round(uniform(*shape), 1))

    def fine_events(*shape):
        return batches(lambda: binary(*shape), lambda: uniform(*shape))

    def classes(*shape):
        return batches(lambda: one_hot(shape[:-1], shape[-1]), lambda: distribution(*shape))

    def sparse(*shape):
        return batches(lambda: RANDOM.randint(0, shape[-1], shape[:-1]), lambda: distribution(*shape))

    def integers(high, *shape):
        return batches(lambda: RANDOM.randint(0, high, shape), lambda: RANDOM.randint(0, high, shape), weights=False)

    positive = batches(lambda: np.abs(normal(5, 2)), lambda: np.abs(normal(5, 2)))
    signs = batches(lambda: np.sign(normal(5, 2)), lambda: normal(5, 2))
    table = [
        ("Accuracy", {}, integers(3, 6)),
        ("BinaryAccuracy", {}, events(6, 1)),
        ("BinaryAccuracy", {"threshold": 0.3}, events(6, 2)),
        ("CategoricalAccuracy", {}, classes(6, 4)),
        ("CategoricalAccuracy", {}, classes(3, 2, 4)),
        ("SparseCategoricalAccuracy", {}, sparse(6, 4)),
        ("SparseCategoricalAccuracy", {}, sparse(3, 2, 4)),
        ("SparseCategoricalAccuracy", {}, [(t[:, None], p, w) for t, p, w in sparse(6, 4)]),
        ("TopKCategoricalAccuracy", {"k": 2}, classes(6, 4)),
        ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse(6, 4)),
        ("SparseTopKCategoricalAccuracy", {"k": 3}, sparse(3, 2, 5)),
        (
            "SparseTopKCategoricalAccuracy",
            {"k": 2, "from_sorted_ids": True},
            [(t, np.argsort(-p, axis=-1).astype("int32"), w) for t, p, w in sparse(6, 4)],
        ),
        ("MeanSquaredError", {}, real(5, 2)),
        ("RootMeanSquaredError", {}, real(5, 2)),
        ("MeanAbsoluteError", {}, real(5, 2)),
        ("MeanAbsolutePercentageError", {}, real(5, 2)),
        ("MeanSquaredLogarithmicError", {}, positive),
        ("CosineSimilarity", {}, real(5, 3)),
        ("LogCoshError", {}, real(5, 2)),
        ("PearsonCorrelation", {}, real(5, 4)),
        ("ConcordanceCorrelation", {}, real(5, 4)),
        ("R2Score", {}, real(5, 2)),
        ("R2Score", {"class_aggregation": None}, real(5, 2)),
        ("R2Score", {"class_aggregation": "variance_weighted_average"}, real(5, 2)),
        ("R2Score", {"num_regressors": 2}, real(5, 2)),
        ("KLDivergence", {}, classes(5, 3)),
        ("Poisson", {}, positive),
        ("BinaryCrossentropy", {}, fine_events(5, 2)),
        ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, signs),
        ("CategoricalCrossentropy", {"label_smoothing": 0.1}, classes(5, 3)),
        ("SparseCategoricalCrossentropy", {}, sparse(5, 3)),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1}, sparse(5, 3)),
        ("Hinge", {}, signs),
        ("SquaredHinge", {}, signs),
        ("CategoricalHinge", {}, classes(5, 3)),
        ("F1Score", {}, classes(6, 3)),
        ("F1Score", {"average": "macro", "threshold": 0.4}, events(6, 3)),
        ("F1Score", {"average": "weighted"}, classes(6, 3)),
        ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.5}, events(6, 3)),
        ("Precision", {}, events(6, 1)),
        ("Precision", {"thresholds": [0.2, 0.6]}, events(6, 2)),
        ("Precision", {"top_k": 2}, classes(6, 4)),
        ("Precision", {"class_id": 1}, classes(6, 3)),
        ("Precision", {"top_k": 2, "class_id": 1}, classes(6, 4)),
        ("Recall", {}, events(6)),
        ("Recall", {"thresholds": [0.0, 0.5, 1.0]}, events(6, 2)),
        ("TruePositives", {}, events(6)),
        ("FalsePositives", {"thresholds": [0.3, 0.5]}, events(6, 2)),
        ("TrueNegatives", {"thresholds": 0.4}, events(6, 1)),
        ("FalseNegatives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, events(6, 2)),
        ("SensitivityAtSpecificity", {"specificity": 0.5}, events(9)),
        ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 11}, events(9)),
        ("PrecisionAtRecall", {"recall": 0.5}, events(9)),
        ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 1}, events(9)),
        ("AUC", {}, events(9)),
        ("AUC", {"curve": "PR"}, events(9)),
        ("AUC", {"curve": "PR", "summation_method": "majoring"}, events(9)),
        ("AUC", {"curve": "PRGAIN"}, fine_events(9)),
        ("AUC", {"summation_method": "minoring", "num_thresholds": 5}, events(9)),
        ("AUC", {"thresholds": [0.2, 0.3, 0.9]}, events(9)),
        ("AUC", {"thresholds": [0.25, 0.5, 0.75]}, events(9, 1)),
        ("AUC", {"multi_label": True, "num_thresholds": 20}, fine_events(9, 3)),
        (
            "AUC",
            {"multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.3, 0.5], "curve": "PR"},
            fine_events(9, 3),
        ),
        ("AUC", {"from_logits": True}, [((t > 0) * 1.0, p, w) for t, p, w in real(9)]),
        ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, integers(3, 4, 4)),
        ("IoU", {"num_classes": 4, "target_class_ids": [1, 3], "ignore_class": 0}, integers(3, 4, 4)),
        ("BinaryIoU", {"threshold": 0.3}, events(6)[:2]),
        ("MeanIoU", {"num_classes": 3}, integers(4, 4, 4)),
        ("MeanIoU", {"num_classes": 3, "sparse_y_pred": False, "dtype": "float32"}, sparse(6, 3)),
        ("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2], "dtype": "float32"}, classes(6, 3)),
        ("OneHotMeanIoU", {"num_classes": 3, "dtype": "float32"}, classes(6, 3)),
    ]
    for name, kwargs, found in table:
        metric = getattr(keras.metrics, name)(**kwargs)
        case = {"class": name, "kwargs": kwargs, "batches": []}
        for y_true, y_pred, weight in found:
            metric.update_state(y_true, y_pred, sample_weight=weight)
            batch = {"y_true": y_true, "y_pred": y_pred, "weight": weight, "result": metric.result()}
            case["batches"].append(batch)
        case["config"] = {key: value for key, value in metric.get_config().items() if key != "label_weights"}
        case["variables"] = [[each.name, list(each.shape)] for each in metric.variables]
        yield case
    for name, weights in (("Mean", None), ("Mean", "some"), ("Sum", None), ("Sum", "some")):
        metric = getattr(keras.metrics, name)()
        case = {"class": name, "kwargs": {}, "values_only": True, "batches": []}
        for shape in ((4,), (4, 3), ()):
            values = normal(*shape)
            weight = uniform(*shape[:1]) if weights else None
            metric.update_state(values, sample_weight=weight)
            case["batches"].append({"values": values, "weight": weight, "result": metric.result()})
        case["config"] = metric.get_config()
        case["variables"] = [[each.name, list(each.shape)] for each in metric.variables]
        yield case


def optimizer_cases():
    schedule = {
        "class": "ExponentialDecay",
        "kwargs": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
    }
    table = [
        ("SGD", {"learning_rate": 0.1}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
        ("SGD", {"learning_rate": 0.1, "clipnorm": 0.7}),
        ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
        ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.9}),
        ("SGD", {"learning_rate": 0.1, "weight_decay": 0.2}),
        ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}),
        ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2}),
        ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 4.0}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "gradient_accumulation_steps": 2}),
        ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "use_ema": True, "weight_decay": 0.1}),
        ("SGD", {"learning_rate": schedule}),
        ("Adam", {"learning_rate": 0.1}),
        ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
        (
            "Adam",
            {
                "learning_rate": 0.05,
                "beta_1": 0.8,
                "beta_2": 0.9,
                "epsilon": 1e-3,
                "clipnorm": 1.0,
                "weight_decay": 0.01,
            },
        ),
        ("Adam", {"learning_rate": schedule, "gradient_accumulation_steps": 2, "global_clipnorm": 1.0}),
        ("Adam", {"learning_rate": 0.1, "use_ema": True, "ema_overwrite_frequency": 3}),
        ("AdamW", {"learning_rate": 0.1}),
        ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1, "amsgrad": True}),
        ("Adamax", {"learning_rate": 0.1}),
        ("Nadam", {"learning_rate": 0.1}),
        ("Nadam", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}),
        ("RMSprop", {"learning_rate": 0.1}),
        ("RMSprop", {"learning_rate": 0.1, "momentum": 0.5}),
        ("RMSprop", {"learning_rate": 0.1, "momentum": 0.5, "centered": True}),
        ("RMSprop", {"learning_rate": 0.1, "centered": True, "epsilon": 1e-3}),
        ("Adagrad", {"learning_rate": 0.1}),
        ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 1e-2}),
        ("Adadelta", {"learning_rate": 1.0}),
        ("Adadelta", {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-3}),
        ("Ftrl", {"learning_rate": 0.1}),
        (
            "Ftrl",
            {
                "learning_rate": 0.1,
                "learning_rate_power": -0.4,
                "l1_regularization_strength": 0.3,
                "l2_regularization_strength": 0.1,
                "l2_shrinkage_regularization_strength": 0.05,
                "beta": 0.2,
            },
        ),
        ("Lion", {"learning_rate": 0.1}),
        ("Lion", {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.8, "weight_decay": 0.1}),
        ("Lamb", {"learning_rate": 0.1}),
        ("Adafactor", {"learning_rate": 0.1}),
        ("Adafactor", {"learning_rate": 0.9, "relative_step": False, "clip_threshold": 0.5}),
        (
            "LossScaleOptimizer",
            {
                "inner": {"class": "Adam", "kwargs": {"learning_rate": 0.1}},
                "initial_scale": 8.0,
                "dynamic_growth_steps": 2,
            },
        ),
    ]
    yield from run_optimizers(table)


def later_optimizer_cases():
    """Optimizers that Keras got later."""
    table = [
        ("Muon", {"learning_rate": 0.1}),
        ("Muon", {"learning_rate": 0.05, "weight_decay": 0.1, "nesterov": False, "rms_rate": None, "momentum": 0.8}),
        ("Muon", {"learning_rate": 0.1, "exclude_layers": ["ker.el"], "adam_lr_ratio": 0.3, "clipnorm": 1.0}),
        ("Muon", {"learning_rate": 0.1, "adam_weight_decay": None, "ns_steps": 3, "muon_b": -4.0}),
        ("ScheduleFreeAdamW", {"learning_rate": 0.1}),
        ("ScheduleFreeAdamW", {"learning_rate": 0.1, "warmup_steps": 3, "beta_1": 0.8, "weight_decay": 0.1}),
        ("ScheduleFreeAdamW", {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "epsilon": 1e-3}),
        ("MultiOptimizer", {"default": ("SGD", {"learning_rate": 0.1}), "map": {"bias": ("Adam", {})}}),
        (
            "MultiOptimizer",
            {
                "default": ("SGD", {"learning_rate": 0.1, "momentum": 0.5}),
                "map": {
                    "ker.*": ("AdamW", {"learning_rate": 0.05, "use_ema": True}),
                    "scale": ("SGD", {"learning_rate": 0.2, "clipnorm": 0.5}),
                },
                "loss_scale_factor": 4.0,
            },
        ),
    ]
    yield from run_optimizers(table)


def run_optimizers(table):
    """Five steps of each optimizer."""
    for name, kwargs in table:
        values = [normal(3, 2), normal(4), np.zeros(2, "float32")]
        variables = [keras.Variable(value, name=label) for value, label in zip(values, ("kernel", "bias", "scale"))]
        optimizer = build_optimizer(name, kwargs)
        excluded = "weight_decay" in kwargs and name != "AdamW"
        if excluded:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        case = {
            "class": name,
            "kwargs": kwargs,
            "excluded": ["bias"] if excluded else None,
            "start": values,
            "steps": [],
        }
        optimizer.build(variables)
        for step in range(5):
            grads = [normal(*value.shape) for value in values]
            grads[0][0, 0] = 0.0
            if name == "LossScaleOptimizer":
                grads = [grad * 8.0 for grad in grads]
                if step == 3:
                    grads[1][2] = np.inf
            apply(optimizer, grads, variables)
            case["steps"].append(
                {
                    "gradients": [
                        ["inf" if each == np.inf else each for each in grad.tolist()] if grad.ndim == 1 else grad
                        for grad in grads
                    ],
                    "values": [each.numpy() for each in variables],
                }
            )
        case["state"] = [[each.name, each.numpy()] for each in optimizer.variables]
        case["iterations"] = int(optimizer.iterations)
        if kwargs.get("use_ema"):
            optimizer.finalize_variable_values(variables)
            case["finalized"] = [each.numpy() for each in variables]
        if not isinstance(kwargs.get("learning_rate"), dict) and name not in ("LossScaleOptimizer", "MultiOptimizer"):
            case["config"] = optimizer.get_config()
        yield case


def apply(optimizer, grads, variables):
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(grads, variables)
        return
    # On JAX the conditional inside this optimizer works without side effects only.
    state = [each.value for each in optimizer.variables]
    new_values, new_state = optimizer.stateless_apply(state, grads, [each.value for each in variables])
    for variable, value in zip([*variables, *optimizer.variables], [*new_values, *new_state]):
        variable.assign(value)


def build_optimizer(name, kwargs):
    kwargs = dict(kwargs)
    if isinstance(kwargs.get("learning_rate"), dict):
        schedule = kwargs["learning_rate"]
        kwargs["learning_rate"] = getattr(keras.optimizers.schedules, schedule["class"])(**schedule["kwargs"])
    if "inner" in kwargs:
        inner = kwargs.pop("inner")
        kwargs["inner_optimizer"] = build_optimizer(inner["class"], inner["kwargs"])
    if "map" in kwargs:
        chosen = {key: build_optimizer(*each) for key, each in kwargs.pop("map").items()}
        kwargs["optimizer_map"] = keras.optimizers.OptimizerMap(build_optimizer(*kwargs.pop("default")), chosen)
    return getattr(keras.optimizers, name)(**kwargs)


def schedule_cases():
    table = [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
        ("PiecewiseConstantDecay", {"boundaries": [3, 10, 20], "values": [1.0, 0.5, 0.25, 0.1]}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 12}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "end_learning_rate": 0.01, "power": 2.0}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "power": 0.5, "cycle": True}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.1}),
        ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 20, "warmup_target": 0.2, "warmup_steps": 5}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7}),
        (
            "CosineDecayRestarts",
            {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.1},
        ),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.0, "m_mul": 0.9}),
    ]
    steps = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 17, 19, 20, 21, 26, 33, 50, 100]
    for name, kwargs in table:
        schedule = getattr(keras.optimizers.schedules, name)(**kwargs)
        rates = [float(schedule(np.int32(step))) for step in steps]
        yield {"class": name, "kwargs": kwargs, "steps": steps, "rates": rates, "config": schedule.get_config()}


if __name__ == "__main__":
    losses = list(loss_cases())
    write("metrics", metric_cases())
    optimizers = list(optimizer_cases())
    write("schedules", schedule_cases())
    # Made last, so that the draws of all others stay what they were.
    write("losses", losses + list(later_loss_cases()))
    write("optimizers", optimizers + list(later_optimizer_cases()))
