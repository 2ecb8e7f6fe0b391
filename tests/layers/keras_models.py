"""Small models run alike by GradMill and by Keras: answers of both and how to compare them.

A module of cases has MODELS (name -> function that makes a model from the package, shapes of its inputs) and
`draw_inputs(number, shapes)`.
"""

import numpy as np


def draw_weights(number, weights):
    """First weights of a row."""
    rng = np.random.default_rng(1000 + number)
    return [rng.normal(size=weight.shape, scale=0.5).astype("float32") for weight in weights]


def draw_targets(number, outputs):
    """Targets of a row."""
    rng = np.random.default_rng(2000 + number)
    return [rng.normal(size=np.shape(each)).astype("float32") for each in outputs]


def run(cases, keras, number, name):
    """Return outputs, weights after a step of gradient descent at rate 1, ten losses of Adam; and a description."""
    make, shapes = cases.MODELS[name]
    built = make(keras)
    inputs = cases.draw_inputs(number, shapes)
    inputs = inputs[0] if len(inputs) == 1 else inputs
    first = draw_weights(number, built.weights)
    built.set_weights(first)
    found = built(inputs)
    outputs = [keras.ops.convert_to_numpy(each) for each in (found if isinstance(found, (list, tuple)) else [found])]
    targets = draw_targets(number, outputs)
    targets = targets[0] if len(targets) == 1 else targets
    built.compile(keras.optimizers.SGD(1.0), "mse")
    built.train_on_batch(inputs, targets)
    moved = built.get_weights()
    built.set_weights(first)
    built.compile(keras.optimizers.Adam(0.01), "mse")
    losses = [float(np.ravel(built.train_on_batch(inputs, targets))[0]) for _ in range(10)]
    answers = {f"{name}/output/{i}": each for i, each in enumerate(outputs)}
    answers.update({f"{name}/moved/{i}": each for i, each in enumerate(moved)})
    answers[f"{name}/losses"] = np.asarray(losses)
    layer = built.layers[-1]
    described = {
        "weights": [[each.name, list(each.shape)] for each in built.weights],
        "config": {key: value for key, value in layer.get_config().items() if key != "name"},
    }
    return answers, described
