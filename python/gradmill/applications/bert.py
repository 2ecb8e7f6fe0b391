"""BERT (Devlin, Chang, Lee and Toutanova 2018), as the transformers library has it.

Layers have the names of that library's modules.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers, ops
from gradmill.applications.transformer_building import (
    Block,
    Settings,
    classify,
    dense,
    deviation,
    encode,
    finish,
    normalize,
    predict_tokens,
    transformer,
)
from gradmill.applications.transformer_weights import Family
from gradmill.errors import ArgumentError

_FAMILY = Family(
    prefix="bert.",
    attention=("self.query", "self.key", "self.value", "output.dense"),
    heads=(("pooler.",), ("classifier.",), ("cls.predictions.transform.", "cls.predictions.bias")),
    unused=(
        *("embeddings.position_ids", "cls.seq_relationship.", "cls.predictions.decoder.", "qa_outputs."),
        *("embeddings.token_type_ids",),
    ),
)
_BLOCK = Block(
    *("attention", "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"),
    drops_attention=True,
)
# Blocks, width, heads, width inside the blocks; the small ones are those of Turc et al. 2019.
_SIZES = {
    "tiny": (2, 128, 2, 512),
    "mini": (4, 256, 4, 1024),
    "small": (4, 512, 8, 2048),
    "medium": (8, 512, 8, 2048),
    "base": (12, 768, 12, 3072),
    "large": (24, 1024, 16, 4096),
}


@transformer(
    "a dict of `sequence_output` (batch, length, hidden_size) and `pooled_output` (batch, hidden_size)",
    ', `"attention_mask"`, and `"token_type_ids"` (0 for the first text, 1 for the second; without it all are 0)',
    'size: "tiny", "mini", "small", "medium", "base" or "large"; what is given beside it counts instead.',
)
def Bert(
    size: str = "base",
    head: Optional[str] = None,
    weights: Any = None,
    classes: int = 2,
    classifier_activation: Any = None,
    inputs: Sequence[str] = ("input_ids",),
    sequence_length: Optional[int] = None,
    vocabulary_size: int = 30522,
    max_positions: int = 512,
    num_layers: Optional[int] = None,
    hidden_size: Optional[int] = None,
    num_heads: Optional[int] = None,
    intermediate_size: Optional[int] = None,
    dropout: float = 0.1,
    attention_dropout: float = 0.1,
    classifier_dropout: float = 0.1,
    name: Optional[str] = "bert",
) -> Any:
    """BERT (Devlin et al. 2018): 109,482,240 parameters in size "base" and 335,141,888 in "large", without a head.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> model = gm.applications.Bert("tiny", vocabulary_size=100, num_layers=1)
        >>> model.predict(np.array([[5, 7, 2]]), verbose=0)["pooled_output"].shape
        (1, 128)
    """
    if size not in _SIZES:
        raise ArgumentError(f"{name}: expected size to be one of {', '.join(_SIZES)}; received {size!r}")
    given_sizes = (num_layers, hidden_size, num_heads, intermediate_size)
    blocks, width, heads, inside = (usual if each is None else each for each, usual in zip(given_sizes, _SIZES[size]))
    given = Settings(
        *(head, weights, classes, classifier_activation, inputs, sequence_length, vocabulary_size, max_positions),
        *(blocks, width, heads, inside, dropout, attention_dropout, classifier_dropout, name),
    )
    symbols = given.make_inputs(given.check(("input_ids", "attention_mask", "token_type_ids")))
    ids, types = symbols["input_ids"], symbols.get("token_type_ids")
    table = layers.ReversibleEmbedding(
        vocabulary_size, width, embeddings_initializer=deviation(), name="embeddings.word_embeddings"
    )
    words = table(ids)
    kinds = layers.Embedding(2, width, embeddings_initializer=deviation(), name="embeddings.token_type_embeddings")(
        ops.zeros_like(ids) if types is None else types
    )
    places = layers.PositionEmbedding(max_positions, deviation(), name="embeddings.position_embeddings")(words)
    x = normalize(layers.Add(name="embeddings.add")([words, kinds, places]), "embeddings.LayerNorm")
    x = layers.Dropout(dropout, name="embeddings.dropout")(x)
    x = encode(given, x, symbols.get("attention_mask"), "encoder.layer.", _BLOCK)
    if head == "masked_lm":
        start = "cls.predictions"
        output: Any = predict_tokens(x, table, (f"{start}.transform.dense", f"{start}.transform.LayerNorm", start))
    else:
        pooled = dense(x[:, 0], width, "pooler.dense", "tanh")
        output = {"sequence_output": x, "pooled_output": pooled} if head is None else classify(given, pooled)
    return finish(given, symbols, output, table, _FAMILY)
