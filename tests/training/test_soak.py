"""Long runs on generators, ragged last batches and sequences of many lengths: memory stays flat, few plans are kept."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset
STATM = Path("/proc/self/statm")
LENGTHS = range(3, 40)


def resident_mib():
    gc.collect()
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def sequences(count, seed):
    """Pairs of a sequence of some length and whether its mean is positive."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        x = generator.normal(size=(int(generator.choice(LENGTHS)), 4)).astype("float32")
        yield x, np.float32(x.mean() > 0)


def make_model():
    inputs = gm.Input((None, 4))
    x = gm.layers.Masking(0.0)(inputs)
    x = gm.layers.Bidirectional(gm.layers.GRU(8))(x)
    x = gm.layers.Dropout(0.1)(x)
    model = gm.Model(inputs, gm.layers.Dense(1)(x))
    model.compile("adam", gm.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def data(count):
    passes = iter(range(10**9))
    made = Dataset.from_generator(
        lambda: sequences(count, next(passes)),
        output_signature=(gm.TensorSpec((None, 4), "float32"), gm.TensorSpec((), "float32")),
    )
    return made.shuffle(64).padded_batch(16).prefetch(2)


def epochs(model, dataset, step, count):
    """One round: fit, a generator without Dataset, a compiled loop of one's own, an eager one, and prediction."""
    model.fit(dataset, epochs=count, verbose=0)
    model.fit(((np.stack([x[:3]] * 5), np.full((5, 1), y)) for x, y in sequences(8, 0)), verbose=0)
    for x, y in dataset:
        step(x, y)
    for x, y in dataset.take(3):
        with gm.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        tape.gradient(loss, model.trainable_variables)
    model.predict(dataset.map(lambda x, y: x), verbose=0)


def soak(rounds, warm_up, count, limit_mib):
    model, dataset = make_model(), data(count)
    optimizer = gm.optimizers.Adam(1e-3)
    model.fit(dataset, verbose=0)

    @gm.function
    def step(x, y):
        with gm.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        return loss

    for _ in range(warm_up):
        epochs(model, dataset, step, 2)
    before = resident_mib()
    for _ in range(rounds):
        epochs(model, dataset, step, 2)
    grown = resident_mib() - before
    kept = gm._core.plan_cache_size()
    programs = [each.function for each in model._programs.values()]
    assert len(step.plans) <= kept and all(len(each.plans) <= kept for each in programs)
    assert grown < limit_mib, f"{grown:.1f} MiB more after {rounds} rounds"


@pytest.mark.skipif(not STATM.exists(), reason="reads /proc")
def test_memory_is_flat_in_a_short_run():
    # Each round has some 40 batches of up to 37 shapes; what is kept for a new shape is small.
    soak(rounds=4, warm_up=3, count=100, limit_mib=24)


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="reads /proc")
def test_memory_is_flat_in_a_long_run():
    soak(rounds=60, warm_up=6, count=200, limit_mib=24)


def test_plans_of_many_lengths_are_bounded():
    limit = 4
    total = gm.tracing.Function(lambda x: gm.ops.sum(x * x), cache_size=limit)
    for length in [*LENGTHS, *LENGTHS]:
        assert float(total(np.ones((length, 2), "float32"))) == 2 * length
        assert len(total.plans) <= limit
