"""What optimizers do beyond Keras's numbers: names, learning rates, missing gradients, messages."""

import inspect
import warnings

import numpy as np
import pytest

import gradmill as gm


def one_variable():
    return gm.Variable(np.float32([1.0, 2.0]), name="weight")


@pytest.mark.parametrize("name", ["adam", "Adam", "SGD", "sgd", "rmsprop", "RMSprop", "adamw", "NADAM", "lion"])
def test_names_in_any_case(name):
    assert type(gm.optimizers.get(name)).__name__.lower() == name.lower()


def test_get_takes_objects_classes_and_configurations():
    optimizer = gm.optimizers.SGD(0.5)
    assert gm.optimizers.get(None) is None
    assert gm.optimizers.get(optimizer) is optimizer
    assert type(gm.optimizers.get(gm.optimizers.Adam)) is gm.optimizers.Adam
    found = gm.optimizers.get({"class_name": "SGD", "config": {"learning_rate": 0.25}})
    assert float(found.learning_rate) == 0.25
    with pytest.raises(ValueError, match="adam"):
        gm.optimizers.get("adma")
    with pytest.raises(ValueError, match="received"):
        gm.optimizers.get(3)


def test_signature_lists_own_and_common_arguments_in_order():
    names = list(inspect.signature(gm.optimizers.Adam).parameters)
    assert names[:6] == ["learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad", "weight_decay"]
    assert names[-1] == "name"
    assert gm.optimizers.Adam(0.1, 0.9, 0.999, 1e-7, False, 0.25).weight_decay == 0.25


def test_unknown_argument_gives_the_nearest():
    with pytest.raises(ValueError, match="learning_rate"):
        gm.optimizers.Adam(learning_rte=0.1)


def test_learning_rate_can_be_set_between_steps():
    variable, optimizer = one_variable(), gm.optimizers.SGD(1.0)
    gradient = np.float32([1.0, 1.0])
    optimizer.apply([gradient], [variable])
    optimizer.learning_rate = 0.5
    optimizer.apply([gradient], [variable])
    np.testing.assert_allclose(variable.numpy(), [-0.5, 0.5])
    optimizer.learning_rate.assign(0.0)
    optimizer.apply([gradient], [variable])
    np.testing.assert_allclose(variable.numpy(), [-0.5, 0.5])


def test_learning_rate_from_a_function_is_asked_at_every_step():
    rates = iter([1.0, 0.5])
    variable, optimizer = one_variable(), gm.optimizers.SGD(lambda: next(rates))
    for _ in range(2):
        optimizer.apply([np.float32([1.0, 1.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [-0.5, 0.5])


def test_learning_rate_of_a_schedule_cannot_be_set():
    optimizer = gm.optimizers.SGD(gm.optimizers.schedules.CosineDecay(0.1, 10))
    with pytest.raises(TypeError, match="schedule"):
        optimizer.learning_rate = 0.1


def test_hyperparameters_changed_between_steps_take_effect():
    variable, optimizer = one_variable(), gm.optimizers.SGD(1.0)
    optimizer.apply([np.float32([1.0, 1.0])], [variable])
    optimizer.clipvalue = 0.5
    optimizer.apply([np.float32([1.0, 1.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [-0.5, 0.5])


def test_variable_without_gradient_is_left_with_a_warning():
    first, second = one_variable(), one_variable()
    with pytest.warns(UserWarning, match="no gradient for"):
        gm.optimizers.SGD(1.0).apply([None, np.float32([1.0, 1.0])], [first, second])
    np.testing.assert_allclose(first.numpy(), [1.0, 2.0])
    np.testing.assert_allclose(second.numpy(), [0.0, 1.0])


def test_apply_gradients_takes_pairs_and_counts():
    variable, optimizer = one_variable(), gm.optimizers.SGD(1.0)
    iterations = optimizer.apply_gradients(zip([np.float32([1.0, 1.0])], [variable]))
    assert int(iterations) == 1
    np.testing.assert_allclose(variable.numpy(), [0.0, 1.0])


def test_constraint_is_applied_after_the_update():
    variable = one_variable()
    variable.constraint = lambda value: gm.ops.clip(value, 0.0, 1.0)
    gm.optimizers.SGD(1.0).apply([np.float32([3.0, 0.5])], [variable])
    np.testing.assert_allclose(variable.numpy(), [0.0, 1.0])


def test_a_subclass_written_for_keras_works():
    class Momentum(gm.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, name="momentum", **kwargs):
            super().__init__(learning_rate=learning_rate, name=name, **kwargs)

        def build(self, variables):
            super().build(variables)
            self.slots = self.add_optimizer_variables(variables, "slot")

        def update_step(self, gradient, variable, learning_rate):
            learning_rate = gm.ops.cast(learning_rate, variable.dtype)
            slot = self.slots[self._get_variable_index(variable)]
            self.assign(slot, slot * 0.5 + gradient)
            self.assign_sub(variable, learning_rate * slot)

    variable, optimizer = one_variable(), Momentum(1.0, gradient_accumulation_steps=2)
    for _ in range(4):
        optimizer.apply([np.float32([1.0, 1.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [-1.5, -0.5])


@pytest.mark.parametrize(
    "make",
    [
        lambda: gm.optimizers.SGD("fast"),
        lambda: gm.optimizers.SGD(momentum=2.0),
        lambda: gm.optimizers.Adam(clipnorm=1.0, clipvalue=1.0),
        lambda: gm.optimizers.Adam(gradient_accumulation_steps=1),
        lambda: gm.optimizers.Adam(use_ema=True, ema_momentum=2.0),
        lambda: gm.optimizers.Adam(use_ema=True, ema_overwrite_frequency=0.5),
        lambda: gm.optimizers.AdamW(weight_decay=None),
        lambda: gm.optimizers.Ftrl(learning_rate_power=0.5),
        lambda: gm.optimizers.Lion(beta_1=0.0),
        lambda: gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(), clipnorm=1.0),
        lambda: gm.optimizers.LossScaleOptimizer("adam"),
        lambda: gm.optimizers.schedules.ExponentialDecay(0.1, 0, 0.5),
        lambda: gm.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
    ],
)
def test_wrong_arguments_are_refused(make):
    with pytest.raises(ValueError, match="received"):
        make()


def test_wrong_gradients_are_refused():
    variable, optimizer = one_variable(), gm.optimizers.SGD()
    gradient = np.float32([1.0, 1.0])
    with pytest.raises(ValueError, match="not built"):
        optimizer.apply([gradient])
    with pytest.raises(ValueError, match="one gradient per variable"):
        optimizer.apply([gradient, gradient], [variable])
    with pytest.raises(ValueError, match=r"\(3,\)"):
        optimizer.apply([np.ones(3, "float32")], [variable])
    with pytest.raises(ValueError, match="None for all"):
        optimizer.apply([None], [variable])
    with pytest.raises(ValueError, match="built with"):
        optimizer.apply([gradient], [one_variable()])


def test_state_of_another_model_is_skipped_with_a_warning():
    optimizer = gm.optimizers.Adam()
    optimizer.build([one_variable()])
    with pytest.warns(UserWarning, match="2 optimizer variables"):
        optimizer.load_own_variables({"0": np.zeros(()), "1": np.zeros(())})


def test_infinite_gradients_leave_the_variables_and_halve_the_loss_scale():
    variable = one_variable()
    optimizer = gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(1.0), initial_scale=8.0)
    optimizer.build([variable])
    assert float(optimizer.scale_loss(gm.ops.convert_to_tensor(2.0))) == 16.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([np.float32([np.inf, 1.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [1.0, 2.0])
    assert float(optimizer.dynamic_scale.numpy()) == 4.0
    assert int(optimizer.iterations) == 0
