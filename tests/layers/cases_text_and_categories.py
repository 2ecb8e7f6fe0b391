"""Layers of text and categories, as constructor, data to adapt to, and inputs; read by Keras and by GradMill."""

import numpy as np

TEXTS = ["The mill grinds, slowly.", "A mill: the old MILL!", "wind  and water", "the wind"]
WORDS = [["a", "c", "d", "d"], ["d", "z", "b", "z"]]
LONG = [["x" * n] for n in (0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200)]
VALUES = np.random.default_rng(0).normal(size=(500, 1)).astype("float32")

# name: (class, arguments, data for adapt or None, inputs)
CASES = {
    "text": ("TextVectorization", {}, TEXTS, [*TEXTS, "unknown mill"]),
    "text_length": ("TextVectorization", {"max_tokens": 5, "output_sequence_length": 3}, TEXTS, TEXTS),
    "text_rows": ("TextVectorization", {}, TEXTS, [[each] for each in TEXTS]),
    "text_plain": ("TextVectorization", {"standardize": None}, TEXTS, TEXTS),
    "text_lower": ("TextVectorization", {"standardize": "lower"}, TEXTS, TEXTS),
    "text_strip": ("TextVectorization", {"standardize": "strip_punctuation"}, TEXTS, TEXTS),
    "text_characters": ("TextVectorization", {"split": "character"}, ["häuser", "Haus"], ["haus!", "ähh"]),
    "text_ngrams": ("TextVectorization", {"ngrams": 2}, TEXTS, TEXTS),
    "text_bigrams": ("TextVectorization", {"ngrams": (2,)}, TEXTS, TEXTS),
    "text_multi_hot": ("TextVectorization", {"output_mode": "multi_hot"}, TEXTS, TEXTS),
    "text_count": (
        "TextVectorization",
        {"output_mode": "count", "max_tokens": 20, "pad_to_max_tokens": True},
        TEXTS,
        TEXTS,
    ),
    "text_tf_idf": ("TextVectorization", {"output_mode": "tf_idf"}, TEXTS, TEXTS),
    "text_vocabulary": ("TextVectorization", {"vocabulary": ["mill", "wind"]}, None, TEXTS),
    "words": ("StringLookup", {}, WORDS, WORDS),
    "words_mask": ("StringLookup", {"mask_token": "d", "vocabulary": ["a", "b"]}, None, WORDS),
    "words_buckets": ("StringLookup", {"num_oov_indices": 3, "vocabulary": ["a"]}, None, WORDS),
    "words_salt": ("StringLookup", {"num_oov_indices": 9, "vocabulary": ["q"], "salt": 7}, None, WORDS),
    "words_no_unknown": ("StringLookup", {"num_oov_indices": 0, "vocabulary": ["a", "b", "c", "d", "z"]}, None, WORDS),
    "words_one_hot": ("StringLookup", {"vocabulary": ["a", "d"], "output_mode": "one_hot"}, None, ["a", "d", "x"]),
    "words_one_hot_axis": ("StringLookup", {"vocabulary": ["a", "d"], "output_mode": "one_hot"}, None, [["a"], ["x"]]),
    "words_multi_hot": ("StringLookup", {"output_mode": "multi_hot"}, WORDS, WORDS),
    "words_multi_hot_mask": (
        "StringLookup",
        {"output_mode": "multi_hot", "mask_token": "d", "vocabulary": ["a", "b"]},
        None,
        WORDS,
    ),
    "words_count": ("StringLookup", {"output_mode": "count", "max_tokens": 4}, WORDS, WORDS),
    "words_weights": (
        "StringLookup",
        {"output_mode": "tf_idf", "vocabulary": ["a", "b", "c", "d"], "idf_weights": [0.25, 0.75, 0.6, 0.4]},
        None,
        WORDS,
    ),
    "integers": ("IntegerLookup", {}, [[12, 1138, 42], [42, 1000, 36]], [[12, 7, 42]]),
    "integers_mask": ("IntegerLookup", {"mask_token": 0, "vocabulary": [5, 6]}, None, [[0, 5, 6, 9]]),
    "integers_buckets": ("IntegerLookup", {"num_oov_indices": 3, "vocabulary": [5]}, None, [[4, 5, -7, 11]]),
    "integers_hashed": (
        "IntegerLookup",
        {"num_oov_indices": 5, "vocabulary": [5], "oov_method": "farmhash"},
        None,
        [[4, 5, -7, 11]],
    ),
    "integers_back": ("IntegerLookup", {"vocabulary": [12, 36], "invert": True}, None, [[2, 1, 0]]),
    "integers_count": ("IntegerLookup", {"vocabulary": [12, 36], "output_mode": "count"}, None, [[12, 12, 5]]),
    "category_multi_hot": ("CategoryEncoding", {"num_tokens": 4}, None, [[0, 1], [3, 3]]),
    "category_one_hot": ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, None, [3, 2, 0]),
    "category_one_hot_axis": ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, None, [[3], [2]]),
    "category_count": ("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, None, [[0, 1, 1], [3, 3, 3]]),
    "bins": ("Discretization", {"bin_boundaries": [0.0, 1.0, 2.0]}, None, [[-1.5, 1.0, 3.4], [0.0, 3.0, 1.3]]),
    "bins_adapted": ("Discretization", {"num_bins": 4, "epsilon": 0.01}, VALUES, VALUES[:20]),
    "bins_few": ("Discretization", {"num_bins": 3, "epsilon": 0.01}, VALUES[:9], VALUES[:20]),
    "bins_one_hot": ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}, None, [[-1.0], [0.5]]),
    "hashing": ("Hashing", {"num_bins": 1000}, None, LONG),
    "hashing_salt": ("Hashing", {"num_bins": 1000, "salt": [133, 137]}, None, LONG),
    "hashing_mask": ("Hashing", {"num_bins": 4, "mask_value": ""}, None, [["A"], [""], ["B"]]),
    "hashing_integers": ("Hashing", {"num_bins": 50}, None, [[1, -2, 2**40]]),
    "crossing": ("HashedCrossing", {"num_bins": 50}, None, ([["A"], ["B"], ["A"]], [[101], [101], [-7]])),
    "crossing_one_hot": ("HashedCrossing", {"num_bins": 5, "output_mode": "one_hot"}, None, (["A", "B"], ["u", "v"])),
}


def answer(layers, name, convert):
    """Return what a case gives, as arrays, and its vocabulary or boundaries.

    Args:
        layers: the module of layers, of Keras or GradMill.
        name: of the case.
        convert: makes arrays of the framework of lists.
    """
    kind, arguments, data, inputs = CASES[name]
    layer = getattr(layers, kind)(**arguments)
    if data is not None:
        layer.adapt(convert(data))
    output = layer(tuple(map(convert, inputs)) if isinstance(inputs, tuple) else convert(inputs))
    learned = layer.get_vocabulary() if hasattr(layer, "get_vocabulary") else getattr(layer, "bin_boundaries", None)
    output = np.asarray(output.numpy() if hasattr(output, "numpy") else output)
    if learned is not None:
        learned = [each if isinstance(each, (str, float)) else int(each) for each in learned]
    return {"output": output.tolist(), "shape": list(output.shape), "learned": learned}
