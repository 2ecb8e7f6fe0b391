"""Transformers in PyTorch: the same layers, dropout and number of weights as GradMill's."""

from typing import List, Sequence

import torch
from torch import nn
from torch.nn import functional

from .cell import Cell

RATE = 0.1


class Block(nn.Module):
    """Attention and two dense layers, each with its shortcut.

    Args:
        width: features.
        heads: of the attention.
        inside: features between the dense layers.
        drops_attention: whether the attention's output is dropped, as that of the dense layers is.
        first: whether the inputs of both parts are normalized, and no place sees what follows it; else their outputs.
    """

    def __init__(self, width: int, heads: int, inside: int, drops_attention: bool, first: bool = False):
        super().__init__()
        self.heads, self.first = heads, first
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        # Keras keeps them with an axis of heads, which decides how their first values are drawn.
        for part in (self.query, self.key, self.value):
            part.keras_shape = (width, heads, width // heads)
        self.joined.keras_shape = (heads, width // heads, width)
        self.widening, self.narrowing = nn.Linear(width, inside), nn.Linear(inside, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-5 if first else 1e-12) for _ in range(2))
        self.drop = nn.Dropout(RATE)
        self.drop_attention = nn.Dropout(RATE) if drops_attention else nn.Identity()

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        query, key, value = (
            part(x).view(batch, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        picked = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=RATE if self.training else 0.0, is_causal=self.first
        )
        return self.drop_attention(self.joined(picked.transpose(1, 2).reshape(batch, length, width)))

    def widen(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.narrowing(functional.gelu(self.widening(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.first:
            x = self.attend(self.norms[0](x)) + x
            return self.widen(self.norms[1](x)) + x
        x = self.norms[0](self.attend(x) + x)
        return self.norms[1](self.widen(x) + x)

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights."""
        attention, dense = [self.query, self.key, self.value, self.joined], [self.widening, self.narrowing]
        if self.first:
            return [self.norms[0], *attention, self.norms[1], *dense]
        return [*attention, self.norms[0], *dense, self.norms[1]]


class Classifier(nn.Module):
    """DistilBERT or BERT with logits from the first token.

    Args:
        sizes: layers, width, heads, width inside the blocks.
        cell: what is measured.
    """

    def __init__(self, sizes: Sequence[int], cell: Cell):
        super().__init__()
        layers, width, heads, inside = sizes
        bert = cell.network.startswith("bert")
        self.words = nn.Embedding(cell.vocabulary, width)
        self.places = nn.Embedding(512, width)
        self.kinds = nn.Embedding(2, width) if bert else None
        self.norm, self.drop = nn.LayerNorm(width, eps=1e-12), nn.Dropout(RATE)
        self.blocks = nn.Sequential(*(Block(width, heads, inside, bert) for _ in range(layers)))
        self.first = nn.Linear(width, width)
        self.activation = torch.tanh if bert else torch.relu
        self.drop_first = nn.Dropout(RATE if bert else 0.2)
        self.last = nn.Linear(width, cell.classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        if self.kinds is not None:
            x = x + self.kinds(torch.zeros_like(ids))
        x = self.blocks(self.drop(self.norm(x)))
        return self.last(self.drop_first(self.activation(self.first(x[:, 0]))))

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights."""
        order: List[nn.Module] = [self.words, *([self.kinds] if self.kinds is not None else []), self.places, self.norm]
        for block in self.blocks:
            order += block.keras_order()
        return [*order, self.first, self.last]


class Decoder(nn.Module):
    """Logits of the next character at every place.

    Args:
        sizes: layers, width, heads, width inside the blocks.
        cell: what is measured.
    """

    def __init__(self, sizes: Sequence[int], cell: Cell):
        super().__init__()
        layers, width, heads, inside = sizes
        self.words = nn.Embedding(cell.vocabulary, width)
        self.places = nn.Embedding(cell.shape[0], width)
        self.drop = nn.Dropout(RATE)
        self.blocks = nn.Sequential(*(Block(width, heads, inside, True, first=True) for _ in range(layers)))
        self.norm = nn.LayerNorm(width, eps=1e-3)
        self.last = nn.Linear(width, cell.vocabulary)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.words(ids) + self.places(torch.arange(ids.shape[1])))
        return self.last(self.norm(self.blocks(x)))

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights."""
        blocks = [layer for block in self.blocks for layer in block.keras_order()]
        return [self.words, self.places, *blocks, self.norm, self.last]
