"""DistilBERT (Sanh, Debut, Chaumond and Wolf 2019), as the transformers library has it.

Layers have the names of that library's modules.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
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

_FAMILY = Family(
    prefix="distilbert.",
    attention=("q_lin", "k_lin", "v_lin", "out_lin"),
    heads=(("pre_classifier.", "classifier."), ("vocab_transform.", "vocab_layer_norm.", "vocab_projector.bias")),
    unused=("embeddings.position_ids", "vocab_projector.weight", "qa_outputs."),
)
_BLOCK = Block("attention", "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm", drops_attention=False)


@transformer("the last block's output (batch, length, hidden_size)", ', and `"attention_mask"`')
def DistilBert(
    head: Optional[str] = None,
    weights: Any = None,
    classes: int = 2,
    classifier_activation: Any = None,
    inputs: Sequence[str] = ("input_ids",),
    sequence_length: Optional[int] = None,
    vocabulary_size: int = 30522,
    max_positions: int = 512,
    num_layers: int = 6,
    hidden_size: int = 768,
    num_heads: int = 12,
    intermediate_size: int = 3072,
    dropout: float = 0.1,
    attention_dropout: float = 0.1,
    classifier_dropout: float = 0.2,
    name: Optional[str] = "distilbert",
) -> Any:
    """DistilBERT (Sanh et al. 2019), by default distilbert-base-uncased: 66,362,880 parameters without a head.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> model = gm.applications.DistilBert(
        ...     "classification", classes=3, vocabulary_size=100, num_layers=2, hidden_size=16, num_heads=2,
        ...     intermediate_size=32)
        >>> model.predict(np.array([[5, 7, 2]]), verbose=0).shape
        (1, 3)
    """
    given = Settings(
        *(head, weights, classes, classifier_activation, inputs, sequence_length, vocabulary_size, max_positions),
        *(num_layers, hidden_size, num_heads, intermediate_size, dropout, attention_dropout, classifier_dropout, name),
    )
    symbols = given.make_inputs(given.check(("input_ids", "attention_mask")))
    table = layers.ReversibleEmbedding(
        vocabulary_size, hidden_size, embeddings_initializer=deviation(), name="embeddings.word_embeddings"
    )
    words = table(symbols["input_ids"])
    places = layers.PositionEmbedding(max_positions, deviation(), name="embeddings.position_embeddings")(words)
    x = normalize(layers.Add(name="embeddings.add")([words, places]), "embeddings.LayerNorm")
    x = layers.Dropout(dropout, name="embeddings.dropout")(x)
    x = encode(given, x, symbols.get("attention_mask"), "transformer.layer.", _BLOCK)
    if head == "classification":
        x = classify(given, dense(x[:, 0], hidden_size, "pre_classifier", "relu"))
    elif head == "masked_lm":
        x = predict_tokens(x, table, ("vocab_transform", "vocab_layer_norm", "vocab_projector"))
    return finish(given, symbols, x, table, _FAMILY)
