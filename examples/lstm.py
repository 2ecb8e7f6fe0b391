"""Tell sequences that rise evenly from random ones, with an LSTM and a training loop of one's own.

python examples/lstm.py                    2,000 steps, each operation run as Python comes to it
python examples/lstm.py --compiled         the same loop with its step compiled
"""

import argparse
import random

import numpy as np

import gradmill as keras
from gradmill import layers, ops
from gradmill.benchmark import prepare
from gradmill.benchmark.options import positive, run_script

MIN_LENGTH, MAX_LENGTH, MAX_VALUE = 5, 20, 10000

parser = argparse.ArgumentParser(
    description="Train Masking, LSTM, Dense(2) on toy sequences of 5 to 20 numbers, padded with -1.",
    epilog="example: python examples/lstm.py --steps 2000 --compiled",
)
parser.add_argument("--steps", type=positive, default=2000, help="training steps (default %(default)s)")
parser.add_argument("--batch-size", type=positive, default=64, help="sequences of a step (default %(default)s)")
parser.add_argument("--units", type=positive, default=32, help="units of the LSTM (default %(default)s)")
parser.add_argument("--display", type=positive, default=100, help="steps between two lines (default %(default)s)")
parser.add_argument("--compiled", action="store_true", help="compile the step instead of running it as it is written")
parser.add_argument("--seed", type=int, default=0, help="seed of sequences and weights (default %(default)s)")
parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
options = parser.parse_args()


def toy_sequences():
    """Yield sequences without end: half of them rise by one, half are random; with 1 for those that rise, else 0."""
    numbers = random.Random(options.seed)
    while True:
        length = numbers.randint(MIN_LENGTH, MAX_LENGTH)
        rises = numbers.random() < 0.5
        if rises:
            start = numbers.randint(0, MAX_VALUE - length)
            values = [start + i for i in range(length)]
        else:
            values = [numbers.randrange(MAX_VALUE) for _ in range(length)]
        sequence = [value / MAX_VALUE for value in values] + [-1.0] * (MAX_LENGTH - length)
        yield np.array(sequence, "float32"), np.int64(rises)


class SequenceModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.masking = layers.Masking(mask_value=-1.0)
        self.lstm = layers.LSTM(options.units)
        self.out = layers.Dense(2)

    def call(self, x):
        x = self.masking(ops.reshape(x, (-1, MAX_LENGTH, 1)))
        return self.out(self.lstm(x))


def cross_entropy(logits, labels):
    losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return ops.mean(losses)


def accuracy(logits, labels):
    return ops.mean(ops.cast(ops.equal(ops.argmax(logits, axis=-1), ops.cast(labels, "int32")), "float32"))


def main():
    prepare(options.seed, options.threads)
    shapes = (keras.data.TensorSpec((MAX_LENGTH,), "float32"), keras.data.TensorSpec((), "int64"))
    batches = keras.data.Dataset.from_generator(toy_sequences, output_signature=shapes)
    batches = batches.repeat().shuffle(5000, seed=options.seed).batch(options.batch_size).prefetch(1)
    model = SequenceModel()
    optimizer = keras.optimizers.Adam(0.001)

    def train_step(x, y):
        with keras.GradientTape() as tape:
            logits = model(x, training=True)
            loss = cross_entropy(logits, y)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss, accuracy(logits, y)

    if options.compiled:
        model(np.zeros((1, MAX_LENGTH), "float32"))
        optimizer.build(model.trainable_variables)
        train_step = keras.function(train_step)
    for step, (x, y) in enumerate(batches.take(options.steps), 1):
        loss, share = train_step(x, y)
        if step % options.display == 0 or step == 1:
            print(f"step: {step}, loss: {float(loss):f}, accuracy: {float(share):f}", flush=True)


run_script(main)
