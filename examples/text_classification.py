"""Train a transformer to tell classes of texts: reviews good or bad, mails wanted or not.

python examples/text_classification.py                       on made-up reviews, a small network: about 2 minutes
python examples/text_classification.py --quick               seconds
python examples/text_classification.py --data reviews        a folder for each class, perhaps in train/ and test/
python examples/text_classification.py --data mails.csv --text-column body --label-column kind
python examples/text_classification.py --data reviews --model distilbert-base-uncased \
    --vocabulary vocab.txt --weights model.safetensors --rate 2e-5 --epochs 2
python examples/text_classification.py ... --weights model.safetensors --lora 8 --rate 5e-4

With --lora the network stays as it is but for its head and updates of low rank. Without --vocabulary the tokens are
learned from the training texts. Needs the package tokenizers.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import numpy as np

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import prepare, run_training
from gradmill.benchmark.options import positive, run_script

MODELS = {
    "small": (keras.applications.DistilBert, {
        "num_layers": 2, "hidden_size": 64, "num_heads": 4, "intermediate_size": 128,
    }),
    "distilbert-base-uncased": (keras.applications.DistilBert, {}),
    "bert-base-uncased": (keras.applications.Bert, {"size": "base"}),
    "bert-large-uncased": (keras.applications.Bert, {"size": "large"}),
}  # fmt: skip

parser = argparse.ArgumentParser(
    description="Train a transformer to tell classes of texts.",
    epilog="example: python examples/text_classification.py --data reviews --epochs 3",
)
add_training_options(parser, epochs=8)
parser.add_argument("--model", default="small", choices=MODELS, help="network (default %(default)s)")
parser.add_argument("--vocabulary", metavar="FILE", help="tokens of WordPiece, one a line (default: learned)")
parser.add_argument("--weights", metavar="FILE", help="published .safetensors, or weights that were saved before")
parser.add_argument("--length", type=positive, default=128, help="tokens of a text (default %(default)s)")
parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of Adam (default %(default)s)")
parser.add_argument("--lora", type=positive, metavar="RANK", help="train updates of this rank and the head alone")
parser.add_argument("--text-column", default="text", help="of a .csv (default %(default)s)")
parser.add_argument("--label-column", default="label", help="of a .csv (default %(default)s)")
options = parser.parse_args()
if options.weights and not options.vocabulary:
    parser.error("--weights needs --vocabulary: the tokens that the weights were trained with")


def read_folder(folder, seed):
    """Names of the classes, and (texts, labels) to train and to test on."""
    parts = [folder / "train", folder / "test"]
    if all(part.is_dir() for part in parts):
        found = [keras.utils.text_dataset_from_directory(part, shuffle=False, verbose=False) for part in parts]
    else:
        found = keras.utils.text_dataset_from_directory(
            folder, verbose=False, validation_split=0.2, subset="both", seed=seed or 0
        )
    pairs = []
    for part in found:
        batches = [(np.asarray(texts), np.asarray(labels)) for texts, labels in part]
        pairs.append(tuple(np.concatenate(each) for each in zip(*batches)))
    return found[0].class_names, pairs


def read_csv(file, text_column, label_column, seed):
    """As `read_folder`; a fifth of the rows is held back."""
    csv.field_size_limit(sys.maxsize)
    with open(file, newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    for column in (text_column, label_column):
        if not rows or rows[0].get(column) is None:
            columns = ", ".join(rows[0]) if rows else "none"
            raise ValueError(f"{file}: expected a column {column!r}; received the columns {columns}")
    names = sorted({row[label_column] for row in rows})
    texts = np.array([row[text_column] or "" for row in rows], object)
    labels = np.array([names.index(row[label_column]) for row in rows], "int32")
    order = np.random.default_rng(seed).permutation(len(rows))
    parts = np.split(order, [len(rows) - max(1, len(rows) // 5)])
    return names, [(texts[part], labels[part]) for part in parts]


def read_texts():
    """The data set that the options ask for."""
    if options.data is None or options.quick:
        with tempfile.TemporaryDirectory() as folder:
            keras.datasets.reviews.write(Path(folder) / "reviews", *((400, 100) if options.quick else (2000, 500)))
            return read_folder(Path(folder) / "reviews", options.seed)
    place = Path(options.data)
    if place.suffix == ".csv":
        return read_csv(place, options.text_column, options.label_column, options.seed)
    return read_folder(place, options.seed)


def enable_lora(model, rank):
    """Freeze all but the head, and give the dense layers of attention and behind it updates of low rank."""
    for layer in model.layers:
        if layer.name.endswith("classifier"):
            continue
        layer.trainable = False
        parts = [getattr(layer, f"{part}_dense", None) for part in ("query", "key", "value", "output")]
        for each in [layer, *parts]:
            if isinstance(each, (keras.layers.Dense, keras.layers.EinsumDense)):
                each.trainable = True
                each.enable_lora(rank)


def main():
    prepare(options.seed, options.threads)
    names, (train, test) = read_texts()
    length = 24 if options.quick or options.data is None else options.length
    if options.vocabulary:
        tokenizer = keras.utils.WordPieceTokenizer(options.vocabulary, length)
    else:
        tokenizer = keras.utils.WordPieceTokenizer.train(train[0], 8000, length)
    print(f"Classes:           {', '.join(map(str, names))}")
    print(f"Texts:             {len(train[0])} to train, {len(test[0])} to test; {tokenizer.vocabulary_size} tokens")
    make, settings = MODELS[options.model]
    inputs = ("input_ids", "attention_mask")
    model = make(
        head="classification",
        classes=len(names),
        weights=options.weights,
        inputs=inputs,
        sequence_length=length,
        vocabulary_size=tokenizer.vocabulary_size,
        **settings,
    )
    if options.lora:
        enable_lora(model, options.lora)
        trained = sum(weight.size for weight in model.trainable_weights)
        print(f"Low-rank updates:  {trained:,} of {model.count_params():,} numbers are trained")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(options.rate), loss, metrics=["accuracy"])

    def arrays(texts):
        found = tokenizer(texts)
        return {name: found[name] for name in inputs}

    run_training(
        "text_classification",
        model,
        (arrays(train[0]), train[1]),
        (arrays(test[0]), test[1]),
        epochs=1 if options.quick else options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
        validate=True,
    )
    example = test[0][:1]
    guess = names[int(model.predict(arrays(example), verbose=0).argmax())]
    print(f"For example:       {tokenizer.decode(tokenizer(example)['input_ids'])[0]!r} -> {guess}")


run_script(main)
