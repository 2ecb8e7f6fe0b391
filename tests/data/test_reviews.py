"""Made-up reviews can be told apart by their words, and come as files, too."""

import numpy as np
import pytest

import gradmill as gm


def told(text):
    """The class by the rule that made the text."""
    clause = text.rpartition(" , but ")[2].split()
    word = clause[clause.index("was") + 1 :]
    negated = word[0] == "not"
    good = {"bright", "strong", "moving", "thrilling", "elegant", "deep", "lovely", "vivid"}
    return (word[1] if negated else word[0]) in good, negated


def test_classes_follow_from_the_words():
    (texts, labels), (others, _) = gm.datasets.reviews.synthetic(train=300, test=20, seed=4)
    assert len(texts) == 300 and len(others) == 20 and labels.dtype == np.int32
    for text, label in zip(texts, labels):
        good, negated = told(text)
        assert (good != negated) == bool(label), text
    assert 0.4 < labels.mean() < 0.6
    again = gm.datasets.reviews.synthetic(train=300, test=20, seed=4)
    assert again[0][0] == texts and gm.datasets.reviews.synthetic(300, 20, seed=5)[0][0] != texts


def test_files(tmp_path):
    gm.datasets.reviews.write(tmp_path / "reviews", train=30, test=10, seed=2)
    (texts, labels), _ = gm.datasets.reviews.synthetic(train=30, test=10, seed=2)
    data = gm.utils.text_dataset_from_directory(tmp_path / "reviews" / "train", batch_size=None, verbose=False)
    assert data.class_names == ["neg", "pos"]
    found = sorted((text.numpy().decode(), int(label)) for text, label in data)
    assert found == sorted(zip(texts, labels.tolist()))
    with pytest.raises(gm.errors.ArgumentError, match="an empty folder"):
        gm.datasets.reviews.write(tmp_path / "reviews")
