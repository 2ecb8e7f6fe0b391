"""`gm.train.Checkpoint`: what it saves comes back, also into a program that is built differently."""

import random
import warnings

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def layers():
    return [gm.layers.Dense(8, activation="relu"), gm.layers.Dropout(0.5), gm.layers.Dense(1)]


class Net(gm.Model):
    """Makes one of its layers only when it is built, and keeps layers in a list and a dict."""

    def __init__(self):
        super().__init__()
        self.blocks = [gm.layers.Dense(5, activation="tanh"), gm.layers.BatchNormalization()]
        self.parts = {"drop": gm.layers.Dropout(0.2)}

    def build(self, input_shape):
        self.head = gm.layers.Dense(1)
        super().build(input_shape)

    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.parts["drop"](x, training=training))


MODELS = {
    "sequential": lambda: gm.Sequential([gm.Input((4,)), *layers()]),
    "sequential, not built": lambda: gm.Sequential(layers()),
    "subclass": Net,
    "lstm": lambda: gm.Sequential([gm.layers.Reshape((4, 1)), gm.layers.Bidirectional(gm.layers.LSTM(3)), *layers()]),
}
OPTIMIZERS = {
    "adam": lambda: gm.optimizers.Adam(0.01, use_ema=True),
    "loss scale": lambda: gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(0.01, momentum=0.9)),
    "accumulating": lambda: gm.optimizers.RMSprop(0.01, gradient_accumulation_steps=2),
}


def step(model, optimizer):
    with gm.GradientTape() as tape:
        loss = gm.ops.mean((model(X, training=True) - Y) ** 2)
        scaled = optimizer.scale_loss(loss)
    optimizer.apply_gradients(zip(tape.gradient(scaled, model.trainable_variables), model.trainable_variables))
    return float(loss)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_training_goes_on_with_the_same_losses(tmp_path, model, optimizer):
    def make():
        parts = {"model": MODELS[model](), "optimizer": OPTIMIZERS[optimizer]()}
        return gm.train.Checkpoint(**parts), *parts.values()

    checkpoint, *parts = make()
    step(*parts)
    path = checkpoint.save(tmp_path / "ckpt")
    expected = [step(*parts) for _ in range(3)]
    again, *parts = make()
    status = again.restore(path).assert_existing_objects_matched().assert_nontrivial_match()
    with pytest.raises(AssertionError, match="not built yet.*optimizer"):
        status.assert_consumed()
    assert [step(*parts) for _ in range(3)] == expected
    status.assert_consumed()
    # Back once more, now that everything has its variables.
    again.restore(path).assert_consumed()
    assert [step(*parts) for _ in range(3)] == expected


def test_all_kinds_of_objects(tmp_path):
    def make():
        metrics = [gm.metrics.Mean(), gm.metrics.F1Score()]
        return gm.train.Checkpoint(
            step=0,
            rate=0.5,
            half=gm.Variable([1.5, 2.5], dtype="bfloat16"),
            flags=gm.Variable([True, False]),
            metrics={"mean": metrics[0], "all": metrics},
            seeds=gm.random.SeedGenerator(3),
            random=gm.train.RandomState(),
            numpy=np.random.default_rng(4),
            data=iter(gm.data.Dataset.range(50).shuffle(20).batch(3)),
            inner=gm.train.Checkpoint(value=gm.Variable(1.0)),
        )

    def use(checkpoint):
        checkpoint.step.assign_add(2)
        checkpoint.half.assign(checkpoint.half * 3)
        checkpoint.metrics["mean"].update_state([1.0, 2.0])
        checkpoint.metrics["all"][1].update_state([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.8, 0.2]])
        drawn = [gm.random.uniform((2,), seed=checkpoint.seeds), gm.random.normal((2,)), next(checkpoint.data)]
        numbers = [
            np.random.rand(),
            checkpoint.numpy.random(),
            random.random(),
            float(checkpoint.metrics["mean"].result()),
        ]
        return [each.numpy().tolist() for each in [*drawn, checkpoint.half.value.astype("float32")]] + numbers

    first = make()
    use(first)
    path = first.write(tmp_path / "all")
    scores = first.metrics["all"][1].result().numpy()
    expected = [use(first) for _ in range(3)]
    second = make()
    use_metric = second.read(path).assert_existing_objects_matched()
    assert [use(second) for _ in range(3)] == expected
    use_metric.assert_consumed()
    again = make()
    status = again.read(path)
    again.metrics["all"][1].update_state([[0.0, 0.0]], [[0.0, 0.0]], sample_weight=[0.0])
    np.testing.assert_array_equal(again.metrics["all"][1].result().numpy(), scores)
    status.assert_consumed()
    assert str(again.rate.dtype).startswith("float") and int(again.step) == 2


def test_a_compiled_model_brings_its_optimizer_and_names_do_not_matter(tmp_path):
    model = MODELS["sequential"]()
    model.compile(gm.optimizers.Adam(0.05), "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    path = gm.train.Checkpoint(model=model).write(tmp_path / "model")
    expected = gm.train.Checkpoint(net=model, optimizer=model.optimizer).write(tmp_path / "both")
    for source, names in ((path, ("model", "model")), (expected, ("net", "optimizer"))):
        other = MODELS["sequential"]()
        other.compile(gm.optimizers.Adam(0.05), "mse")
        other.optimizer.build(other.trainable_variables)
        parts = {"model": other} if names[0] == "model" else {"optimizer": other.optimizer, "net": other}
        gm.train.Checkpoint(**parts).read(source).assert_consumed()
        for one, two in zip(
            [*model.variables, *model.optimizer.variables], [*other.variables, *other.optimizer.variables]
        ):
            np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_part_of_a_model(tmp_path):
    whole = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, name="a"), gm.layers.Dense(2, name="b")])
    encoder = whole.layers[0]
    path = gm.train.Checkpoint(encoder=encoder, model=whole).write(tmp_path / "part")
    fresh = gm.layers.Dense(3)
    checkpoint = gm.train.Checkpoint(encoder=fresh)
    status = checkpoint.read(path).expect_partial()
    fresh.build((None, 4))
    np.testing.assert_array_equal(fresh.kernel.numpy(), encoder.kernel.numpy())
    with pytest.raises(gm.train.UnmatchedValuesError, match="model/layers/1"):
        status.assert_consumed()
    with pytest.warns(UserWarning, match="no objects for model/layers/1.*expect_partial"):
        gm.train.Checkpoint(encoder=fresh).read(path)
    with pytest.warns(UserWarning, match="no values for more.*no objects"):
        gm.train.Checkpoint(encoder=fresh, more=gm.Variable(1.0)).read(path)
    with pytest.raises(AssertionError, match="none for more"):
        gm.train.Checkpoint(more=gm.Variable(1.0)).read(path).assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="at least one object"):
        gm.train.Checkpoint(more=gm.Variable(1.0)).read(path).expect_partial().assert_nontrivial_match()


def test_a_single_variable_of_a_layer(tmp_path):
    dense = gm.layers.Dense(3)
    dense.build((None, 2))
    path = gm.train.Checkpoint(dense=dense).write(tmp_path / "dense")
    kernel = gm.Variable(np.zeros((2, 3), "float32"))
    gm.train.Checkpoint(dense=gm.train.Checkpoint(kernel=kernel)).read(path).expect_partial()
    np.testing.assert_array_equal(kernel.numpy(), dense.kernel.numpy())


def test_root_and_late_objects(tmp_path):
    class Line(tf.Module):
        def __init__(self):
            super().__init__()
            self.w, self._b = tf.Variable(2.0), tf.Variable(3.0)

    line = Line()
    path = tf.train.Checkpoint(line, extra=tf.Variable(7)).save(str(tmp_path / "line"))
    assert path == str(tmp_path / "line-1") and tf.train.latest_checkpoint(str(tmp_path)) == path
    assert [name for name, _ in tf.train.list_variables(path)] == ["_b", "extra", "save_counter", "w"]
    other = tf.Module()
    checkpoint = tf.train.Checkpoint(root=other)
    checkpoint.restore(path).expect_partial()
    assert int(checkpoint.save_counter) == 1
    checkpoint.extra = tf.Variable(0)
    checkpoint.w = tf.Variable(0.0)
    assert int(checkpoint.extra) == 7 and float(checkpoint.w) == 2.0
    named = tf.train.Checkpoint(line=line)
    named.restore(None).assert_consumed().expect_partial().run_restore_ops()
    assert named.save_counter.numpy() == 0 and float(line.w) == 2.0


def test_saved_before_the_first_step(tmp_path):
    model, optimizer = MODELS["sequential"](), gm.optimizers.Adam(0.25)
    path = gm.train.Checkpoint(model=model, optimizer=optimizer).write(tmp_path / "new")
    other = gm.optimizers.Adam(0.01)
    step(model, other)
    gm.train.Checkpoint(model=model, optimizer=other).read(path).assert_consumed()
    assert float(other.learning_rate) == 0.25 and int(other.iterations) == 0


def test_bad_objects():
    with pytest.raises(gm.errors.ArgumentError, match="name='x'"):
        gm.train.Checkpoint(name="x")
    with pytest.raises(gm.errors.ArgumentError, match="get_state and set_state"):
        gm.train.Checkpoint(f=len)


def test_other_shapes_change_nothing(tmp_path):
    one = gm.train.Checkpoint(a=gm.Variable([1.0, 2.0]), dense=gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)]))
    path = one.write(tmp_path / "one")
    first = gm.Variable([5.0, 6.0])
    wider = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3)])
    with pytest.raises(gm.errors.ShapeError, match=r"kernel has shape \(4, 3\), the checkpoint \(4, 2\)"):
        gm.train.Checkpoint(a=first, dense=wider).read(path)
    assert first.numpy().tolist() == [5.0, 6.0]
    with pytest.raises(gm.errors.ShapeError, match="2 variables, the checkpoint something else"):
        gm.train.Checkpoint(a=wider.layers[0]).read(path)
    with pytest.raises(gm.errors.ArgumentError, match="state of a DatasetIterator at 'a'"):
        gm.train.Checkpoint(a=iter(gm.data.Dataset.range(3))).read(path)
    late = gm.layers.Dense(3)
    gm.train.Checkpoint(dense=gm.Sequential([late])).read(path).expect_partial()
    with pytest.raises(gm.errors.ShapeError, match="kernel has shape"):
        late.build((None, 4))


def test_damage_of_any_byte_is_noticed(tmp_path):
    value = gm.Variable(np.arange(20.0))
    path = gm.train.Checkpoint(value=value, step=3).write(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    checkpoint = gm.train.Checkpoint(value=gm.Variable(np.zeros(20)))
    bad = tmp_path / "bad"
    places = [*range(0, len(content), 23), len(content) - 1]
    damaged = [content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :] for place in places]
    for each in [*damaged, content[:-1], content[:9], content[:100], b"", content + b"x"]:
        bad.write_bytes(each)
        with pytest.raises(gm.errors.DamagedFileError, match="bad: expected a whole safetensors file"):
            checkpoint.restore(bad)
    assert not checkpoint.value.numpy().any()
    with pytest.raises(FileNotFoundError, match="expected an existing file"):
        checkpoint.restore(tmp_path / "none")
    checkpoint.restore(path).expect_partial()
    assert checkpoint.value.numpy().tolist() == list(range(20))


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    class Odd:
        def get_state(self):
            return {"what": object()}

        def set_state(self, state):
            pass

    checkpoint = gm.train.Checkpoint(value=gm.Variable(1.0))
    path = checkpoint.write(tmp_path / "kept")
    checkpoint.odd = Odd()
    with pytest.raises(gm.errors.ArgumentError, match="received a object at '/objects/odd/what'"):
        checkpoint.write(path)
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gm.train.Checkpoint(value=gm.Variable(0.0)).read(path)
