"""Transformers in PyTorch: the same layers, dropout and number of weights as GradMill's."""

from typing import List, Sequence

import torch
from torch import nn
from torch.nn import functional

from .cell import Cell

RATE = 0.1


class Block(nn.Module):
    """Attention and two dense layers, each with its shortcut and normalized behind it."""

    def __init__(self, width: int, heads: int, inside: int, drops_attention: bool):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        # Keras keeps them with an axis of heads, which decides how their first values are drawn.
        for part in (self.query, self.key, self.value):
            part.keras_shape = (width, heads, width // heads)
        self.joined.keras_shape = (heads, width // heads, width)
        self.widening, self.narrowing = nn.Linear(width, inside), nn.Linear(inside, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-12) for _ in range(2))
        self.drop = nn.Dropout(RATE)
        self.drop_attention = nn.Dropout(RATE) if drops_attention else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        query, key, value = (
            part(x).view(batch, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        picked = functional.scaled_dot_product_attention(query, key, value, dropout_p=RATE if self.training else 0.0)
        picked = self.joined(picked.transpose(1, 2).reshape(batch, length, width))
        x = self.norms[0](self.drop_attention(picked) + x)
        return self.norms[1](self.drop(self.narrowing(functional.gelu(self.widening(x)))) + x)


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
            order += [block.query, block.key, block.value, block.joined, block.norms[0]]
            order += [block.widening, block.narrowing, block.norms[1]]
        return [*order, self.first, self.last]
