"""Helpers of earlier Keras that prepare images, sequences and texts, as scripts still use them.

New programs have `gradmill.data` and the layers that augment images.

Example:
    >>> import gradmill as gm
    >>> tokenizer = gm.preprocessing.text.Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat", "the dog"])
    >>> tokenizer.texts_to_sequences(["the dog"])
    [[1, 3]]
"""

from gradmill.preprocessing import image, sequence, text
from gradmill.utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
