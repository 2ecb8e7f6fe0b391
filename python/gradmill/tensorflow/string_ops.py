"""`tf.strings`: functions of text, one string at a time or arrays of them."""

from __future__ import annotations

import re
from typing import Any, Callable, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.ragged import RaggedTensor
from gradmill.utils.text_values import as_text, text_of

_UNITS = ("BYTE", "UTF8_CHAR")


def _each(function: Callable, *inputs: Any) -> Any:
    """`function` of strings, as bytes, at each place of arrays that are spread over each other."""
    arrays = np.broadcast_arrays(*(np.asarray(as_text(each), dtype=object) for each in inputs))
    results = np.empty(arrays[0].shape, object)
    for place in np.ndindex(arrays[0].shape):
        results[place] = function(*(array[place] for array in arrays))
    return results


def each_text(function: Callable, *inputs: Any) -> Any:
    """The bytes that `function` makes of each string: one text, or an array of the inputs' shape."""
    return as_text(_each(function, *inputs))


def _numbers(function: Callable, inputs: Any, dtype: Any) -> Any:
    return _core.tensor(_each(function, inputs).astype(as_dtype(dtype).as_numpy_dtype))


def _unit(unit: str, who: str) -> bool:
    """Whether characters are counted rather than bytes."""
    if unit not in _UNITS:
        raise ArgumentError(f"tf.strings.{who}: expected unit 'BYTE' or 'UTF8_CHAR'; received {unit!r}")
    return unit == "UTF8_CHAR"


def _compiled(pattern: Any) -> Any:
    try:
        return re.compile(as_text(pattern))
    except re.error as error:
        raise ArgumentError(f"tf.strings: expected a regular expression; received {pattern!r}: {error}") from None


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: Any = None,
) -> Any:
    """`tf.strings.as_string`: numbers as text."""
    values = np.asarray(input.numpy() if hasattr(input, "numpy") else input)

    def one(value: Any) -> bytes:
        if values.dtype.kind == "b":
            text = "true" if value else "false"
        elif values.dtype.kind == "f":
            digits = f".{precision}" if precision >= 0 else ""
            text = format(float(value), f"{digits}{'e' if scientific else 'g' if shortest else 'f'}")
        else:
            text = str(value)
        return text.rjust(max(width, 0), fill or " ").encode()

    made = np.empty(values.shape, object)
    for place in np.ndindex(values.shape):
        made[place] = one(values[place])
    return as_text(made)


def bytes_split(input: Any, name: Any = None) -> Any:
    """`tf.strings.bytes_split`: the bytes of each string, one by one."""
    return _parts(input, lambda text: [text[place : place + 1] for place in range(len(text))])


def unicode_split(input: Any, input_encoding: str, errors: str = "replace", name: Any = None) -> Any:
    """`tf.strings.unicode_split`: the characters of each string."""
    return _parts(input, lambda text: [each.encode() for each in text.decode(input_encoding, errors)])


def unicode_decode(input: Any, input_encoding: str, errors: str = "replace", name: Any = None) -> Any:
    """`tf.strings.unicode_decode`: the code points of each string."""
    return _parts(input, lambda text: [ord(each) for each in text.decode(input_encoding, errors)], "int32")


def _parts(input: Any, function: Callable, dtype: Any = "string") -> Any:
    """A list made of each string: one array for one string, a ragged tensor for several."""
    input = as_text(input)
    made = np.asarray(input, dtype=object) if isinstance(input, np.ndarray) else None
    if made is None:
        return RaggedTensor.of_rows([function(input)], dtype)[0]
    if made.ndim != 1:
        raise ArgumentError(f"tf.strings: expected one string or an array with one axis; received shape {made.shape}")
    return RaggedTensor.of_rows([function(each) for each in made], dtype)


def format_(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: Any = None) -> Any:
    """`tf.strings.format`: the template with values in place of its placeholders."""
    text = template
    for each in inputs if isinstance(inputs, (list, tuple)) else [inputs]:
        array = np.asarray(each.numpy() if hasattr(each, "numpy") else each)
        shown = str(array.item()) if array.ndim == 0 else np.array2string(array, threshold=2 * summarize)
        text = text.replace(placeholder, shown, 1)
    return as_text(text)


def join(inputs: Any, separator: str = "", name: Any = None) -> Any:
    """`tf.strings.join`: strings one behind the other, place by place."""
    between = text_of(separator).encode()
    return each_text(lambda *parts: between.join(parts), *inputs)


def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: Any = None) -> Any:
    """`tf.strings.reduce_join`: the strings along `axis` one behind the other, all of them by default."""
    if isinstance(inputs, RaggedTensor):
        return as_text([text_of(separator).encode().join(row) for row in inputs.to_list()])
    texts = np.asarray(as_text(inputs), dtype=object)
    between = text_of(separator).encode()
    if axis is None:
        joined = np.array(between.join(texts.ravel()), dtype=object)
        return as_text(joined.reshape((1,) * texts.ndim) if keepdims else joined)
    moved = np.moveaxis(texts, axis, -1)
    made = np.empty(moved.shape[:-1], object)
    for place in np.ndindex(made.shape):
        made[place] = between.join(moved[place])
    return as_text(np.expand_dims(made, axis) if keepdims else made)


def length(input: Any, unit: str = "BYTE", name: Any = None) -> Any:
    """`tf.strings.length`: the number of bytes, or of characters."""
    characters = _unit(unit, "length")
    return _numbers(lambda text: len(text.decode() if characters else text), input, "int32")


def lower(input: Any, encoding: str = "", name: Any = None) -> Any:
    """`tf.strings.lower`: text in small letters; without encoding "utf-8" only those of ASCII."""
    return each_text(lambda text: text.decode().lower().encode() if encoding else text.lower(), input)


def upper(input: Any, encoding: str = "", name: Any = None) -> Any:
    """`tf.strings.upper`: text in capital letters; without encoding "utf-8" only those of ASCII."""
    return each_text(lambda text: text.decode().upper().encode() if encoding else text.upper(), input)


def strip(input: Any, name: Any = None) -> Any:
    """`tf.strings.strip`: text without white space at its ends."""
    return each_text(bytes.strip, input)


def regex_full_match(input: Any, pattern: str, name: Any = None) -> Any:
    """`tf.strings.regex_full_match`: whether the pattern describes the whole string."""
    expression = _compiled(pattern)
    return _numbers(lambda text: expression.fullmatch(text) is not None, input, "bool")


def regex_replace(input: Any, pattern: str, rewrite: str, replace_global: bool = True, name: Any = None) -> Any:
    """`tf.strings.regex_replace`: text with other text where the pattern fits; `\\1` stands for its first group."""
    expression, new = _compiled(pattern), as_text(rewrite)
    return each_text(lambda text: expression.sub(bytes(new), text, 0 if replace_global else 1), input)


def split(input: Any, sep: Optional[str] = None, maxsplit: int = -1, name: Any = None) -> Any:
    """`tf.strings.split`: the parts of one string, or of several as a ragged tensor."""
    between = text_of(sep).encode() if sep else None
    return _parts(input, lambda text: text.split(between, maxsplit))


def substr(input: Any, pos: int, len: int, unit: str = "BYTE", name: Any = None) -> Any:
    """`tf.strings.substr`: `len` bytes or characters from `pos` on; a negative `pos` counts from the end."""
    characters, start, count = _unit(unit, "substr"), int(pos), int(len)

    def one(text: bytes) -> bytes:
        letters: Any = text.decode() if characters else text
        size = letters.__len__()
        if not -size <= start <= size:
            raise ArgumentError(f"tf.strings.substr: expected pos within {size} places; received {start}")
        begin = start % size if start < 0 else start
        part = letters[begin : begin + count]
        return part.encode() if characters else part

    return each_text(one, input)


def to_number(input: Any, out_type: Any = "float32", name: Any = None) -> Any:
    """`tf.strings.to_number`: numbers from text."""
    integers = as_dtype(out_type).is_integer

    def one(text: bytes) -> Any:
        try:
            return int(text) if integers else float(text)
        except ValueError:
            raise ArgumentError(f"tf.strings.to_number: expected a number; received {text!r}") from None

    return _numbers(one, input, out_type)


def unicode_transcode(input: Any, input_encoding: str, output_encoding: str, name: Any = None, **_: Any) -> Any:
    """`tf.strings.unicode_transcode`: text in another encoding."""
    return each_text(lambda text: text.decode(input_encoding, "replace").encode(output_encoding), input)


def unicode_encode(input: Any, output_encoding: str, errors: str = "replace", name: Any = None) -> Any:
    """`tf.strings.unicode_encode`: text of code points, along the last axis."""
    if isinstance(input, RaggedTensor):
        rows = input.to_list()
        return as_text([_encoded(row, output_encoding, errors) for row in rows])
    codes = np.asarray(input)
    made = np.empty(codes.shape[:-1], object)
    for place in np.ndindex(made.shape):
        made[place] = _encoded(codes[place].tolist(), output_encoding, errors)
    return as_text(made)


def _encoded(codes: list, encoding: str, errors: str) -> bytes:
    encoding = {"UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}.get(encoding, encoding)
    return "".join(map(chr, codes)).encode(encoding, errors)


def ngrams(
    data: Any,
    ngram_width: Any,
    separator: str = " ",
    pad_values: Any = None,
    padding_width: Optional[int] = None,
    preserve_short_sequences: bool = False,
    name: Any = None,
) -> Any:
    """`tf.strings.ngrams`: groups of neighbouring strings of each row, by their sizes one after the other."""
    sizes = [ngram_width] if isinstance(ngram_width, int) else list(ngram_width)
    if pad_values is not None:
        before, after = (pad_values, pad_values) if isinstance(pad_values, (str, bytes)) else pad_values
    between = text_of(separator).encode()

    def grams(row: list) -> list:
        found = []
        for size in sizes:
            filled = row
            if pad_values is not None:
                count = size - 1 if padding_width is None else min(padding_width, size - 1)
                filled = [bytes(as_text(before))] * count + row + [bytes(as_text(after))] * count
            found += [between.join(filled[at : at + size]) for at in range(len(filled) - size + 1)]
        return [between.join(row)] if not found and row and preserve_short_sequences else found

    if isinstance(data, RaggedTensor):
        return RaggedTensor.of_rows([grams(row) for row in data.to_list()], "string")
    texts = np.asarray(as_text(data), object)
    rows = [grams(row.tolist()) for row in texts.reshape(-1, texts.shape[-1])]
    return as_text(np.array(rows, object).reshape(*texts.shape[:-1], -1))


def to_hash_bucket_fast(input: Any, num_buckets: int, name: Any = None) -> Any:
    """`tf.strings.to_hash_bucket_fast`: numbers below `num_buckets` by FarmHash's Fingerprint64."""
    return _hashed(input, num_buckets, None)


def to_hash_bucket_strong(input: Any, num_buckets: int, key: Any, name: Any = None) -> Any:
    """`tf.strings.to_hash_bucket_strong`: numbers below `num_buckets` by SipHash with a key of two numbers."""
    return _hashed(input, num_buckets, (int(key[0]), int(key[1])))


def _hashed(input: Any, num_buckets: int, key: Any) -> Any:
    if int(num_buckets) < 1:
        raise ArgumentError(f"tf.strings: expected num_buckets of at least 1; received {num_buckets}")
    if isinstance(input, RaggedTensor):
        return RaggedTensor(_hashed(input.values, num_buckets, key), input.row_splits)
    texts = np.asarray(as_text(input), object)
    return _core.tensor(_core.hash_texts(texts.ravel().tolist(), int(num_buckets), key).reshape(texts.shape))


STRINGS: dict[str, Any] = {each.__name__: each for each in (
    as_string, bytes_split, join, length, lower, ngrams, reduce_join, regex_full_match, regex_replace, split, strip,
    substr, to_hash_bucket_fast, to_hash_bucket_strong, to_number, unicode_decode, unicode_encode, unicode_split,
    unicode_transcode, upper,
)}  # fmt: skip
STRINGS["format"] = format_
