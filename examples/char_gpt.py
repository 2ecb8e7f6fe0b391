"""Train a small decoder to write the next character of any text, and let it write.

python examples/char_gpt.py                              the documentation of Python's own modules
python examples/char_gpt.py book.txt --epochs 20         a text of yours
python examples/char_gpt.py --quick                      seconds: a smaller model, a part of the text
"""

import argparse
import importlib
import inspect
import time

import numpy as np

import gradmill as keras
from gradmill import layers, ops
from gradmill.benchmark import peak_memory_bytes, prepare
from gradmill.benchmark.options import positive, print_configuration, print_devices, run_script

# Modules whose documentation makes up the text that is used when none is given.
MODULES = """
argparse collections csv datetime decimal difflib email.message functools fractions heapq html inspect itertools json
logging math os pathlib random re shutil socket statistics string subprocess tarfile tempfile textwrap threading
typing unittest urllib.request uuid warnings zipfile
""".split()


def number(low, high):
    """A reader of numbers above `low`, up to `high`."""

    def read(text):
        value = float(text)
        if not low < value <= high:
            raise argparse.ArgumentTypeError(f"expected a number above {low:g}, at most {high:g}; received {text!r}")
        return value

    return read


parser = argparse.ArgumentParser(
    description="Train a decoder of the kind of GPT-2 on the characters of a text, then print what it writes.",
    epilog="example: python examples/char_gpt.py book.txt --epochs 20 --prompt 'Once upon'",
)
parser.add_argument("text", nargs="?", help="file of text, UTF-8 (default: the documentation of Python's modules)")
parser.add_argument("--epochs", type=positive, default=10, help="times through the text (default %(default)s)")
parser.add_argument("--batch-size", type=positive, default=32, help="pieces of text a step (default %(default)s)")
parser.add_argument("--context", type=positive, default=128, help="characters it looks back on (default %(default)s)")
parser.add_argument("--blocks", type=positive, default=4, help="decoder blocks (default %(default)s)")
parser.add_argument("--heads", type=positive, default=4, help="heads of attention (default %(default)s)")
parser.add_argument("--width", type=positive, default=128, help="features of a character (default %(default)s)")
parser.add_argument("--dropout", type=number(-1e-9, 0.9), default=0.1, help="share dropped (default %(default)s)")
parser.add_argument("--learning-rate", type=number(0, 1), default=1e-3, help="of Adam (default %(default)s)")
parser.add_argument("--prompt", default="Return ", help="what it goes on from (default %(default)r)")
parser.add_argument("--length", type=positive, default=400, help="characters it writes (default %(default)s)")
parser.add_argument("--temperature", type=number(0, 10), default=0.8, help="below 1 less daring (default %(default)s)")
parser.add_argument("--save", metavar="FILE.keras", help="where to keep the model")
parser.add_argument("--quick", action="store_true", help="seconds: one epoch of a smaller model on 20,000 characters")
parser.add_argument("--seed", type=int, default=0, help="seed of weights and of what is drawn (default %(default)s)")
parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
parser.add_argument("--verbose", type=int, default=1, choices=(0, 1, 2), help="as in fit (default %(default)s)")
options = parser.parse_args()
if options.quick:
    options.epochs, options.context, options.blocks, options.width, options.length = 1, 32, 2, 32, 100


def documentation():
    """What Python's modules say about themselves."""
    found = []
    for name in MODULES:
        module = importlib.import_module(name)
        for key, value in sorted(vars(module).items()):
            if key.startswith("_") or getattr(value, "__module__", None) != name:
                continue
            members = [value, *(each for _, each in sorted(vars(value).items()))] if inspect.isclass(value) else [value]
            found.extend(inspect.getdoc(each) or "" for each in members if callable(each))
    return "\n\n".join(dict.fromkeys(each for each in found if len(each) > 30))


def read_text():
    if options.text is None:
        return documentation()
    with open(options.text, encoding="utf-8", errors="replace") as file:
        return file.read()


def pieces(indices):
    """Cut a text into (pieces, context) characters and those that follow each of them."""
    count = (len(indices) - 1) // options.context
    if count < 1:
        raise ValueError(f"expected more than {options.context} characters in each part; use a longer text")
    cut = count * options.context
    return indices[:cut].reshape(count, -1), indices[1 : cut + 1].reshape(count, -1)


def make_model(characters):
    inputs = keras.Input((options.context,), dtype="int32")
    x = layers.TokenAndPositionEmbedding(characters, options.context, options.width, name="embedding")(inputs)
    x = layers.Dropout(options.dropout)(x)
    for block in range(options.blocks):
        x = layers.TransformerDecoder(
            4 * options.width,
            options.heads,
            dropout=options.dropout,
            activation="gelu",
            normalize_first=True,
            name=f"block_{block}",
        )(x)
    x = layers.LayerNormalization(name="norm")(x)
    return keras.Model(inputs, layers.Dense(characters, name="logits")(x), name="char_gpt")


def make_step(model):
    """Return a compiled function: characters, the place of the first, caches -> logits, new caches."""
    blocks = [model.get_layer(f"block_{i}") for i in range(options.blocks)]

    def step(characters, place, caches):
        x = model.get_layer("embedding")(characters, start_index=place)
        grown = []
        for block, cache in zip(blocks, caches):
            x, cache = block(x, self_attention_cache=cache, self_attention_cache_update_index=place)
            grown.append(cache)
        return model.get_layer("logits")(model.get_layer("norm")(x))[0, -1], grown

    return keras.function(step)


def write(model, alphabet, prompt, length):
    """Yield characters that may follow the prompt."""
    step, generator = make_step(model), np.random.default_rng(options.seed)
    index = {character: i for i, character in enumerate(alphabet)}
    empty = np.zeros((1, 2, options.context, options.heads, options.width // options.heads), "float32")
    text = [index[each] for each in prompt if each in index] or [0]
    place, caches, waiting = 0, [empty] * options.blocks, text[-options.context :]
    for _ in range(length):
        if place + len(waiting) > options.context:
            # The context is full: go on from its second half.
            place, waiting = 0, text[-(options.context // 2 + 1) :]
        for each in waiting:
            logits, caches = step(np.asarray([[each]], "int32"), ops.convert_to_tensor(place, "int32"), caches)
            place += 1
        scores = logits.numpy() / options.temperature
        shares = np.exp(scores - scores.max())
        text.append(int(generator.choice(len(alphabet), p=shares / shares.sum())))
        waiting = text[-1:]
        yield alphabet[text[-1]]


def main():
    prepare(options.seed, options.threads)
    if options.width % options.heads:
        raise ValueError(f"expected --heads to divide --width; received {options.heads} and {options.width}")
    text = read_text()[: 20_000 if options.quick else None]
    alphabet = sorted(set(text))
    indices = np.searchsorted(np.array(alphabet), np.array(list(text))).astype("int32")
    kept = len(indices) * 9 // 10
    x, y = pieces(indices[:kept])
    held_out = pieces(indices[kept:])
    model = make_model(len(alphabet))
    print_devices()
    print_configuration(characters=f"{len(text):,}", alphabet=len(alphabet), parameters=f"{model.count_params():,}",
                        pieces=f"{len(x):,} of {options.context} characters")  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(options.learning_rate), loss, metrics=["accuracy"])
    begin = time.perf_counter()
    history = model.fit(
        x, y, batch_size=options.batch_size, epochs=options.epochs, validation_data=held_out, verbose=options.verbose
    ).history
    seconds = time.perf_counter() - begin
    print_configuration(
        loss=f"{history['loss'][-1]:.4f}",
        validation_loss=f"{history['val_loss'][-1]:.4f}",
        seconds=f"{seconds:.1f}",
        peak_memory=f"{peak_memory_bytes() / 2**20:.0f} MiB",
        **{"samples/s": f"{len(x) * options.epochs / seconds:.1f}"},
    )
    if options.save:
        model.save(options.save)
    print(f"\n{options.prompt}", end="")
    begin = time.perf_counter()
    for character in write(model, alphabet, options.prompt, options.length):
        print(character, end="", flush=True)
    print(f"\n\n{options.length / (time.perf_counter() - begin):.0f} characters a second")


run_script(main)
