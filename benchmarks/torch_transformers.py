"""The networks of `transformer.py` in PyTorch: the same layers, dropout and number of weights as GradMill's."""

import torch
from torch import nn
from torch.nn import functional

RATE = 0.1


class Block(nn.Module):
    """Attention and two dense layers, each with its shortcut and normalized behind it."""

    def __init__(self, width, heads, inside, drops_attention):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        self.widening, self.narrowing = nn.Linear(width, inside), nn.Linear(inside, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-12) for _ in range(2))
        self.drop = nn.Dropout(RATE)
        self.drop_attention = nn.Dropout(RATE) if drops_attention else nn.Identity()

    def forward(self, x):
        batch, length, width = x.shape
        query, key, value = (
            part(x).view(batch, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        picked = functional.scaled_dot_product_attention(query, key, value, dropout_p=RATE if self.training else 0.0)
        picked = self.joined(picked.transpose(1, 2).reshape(batch, length, width))
        x = self.norms[0](self.drop_attention(picked) + x)
        return self.norms[1](self.drop(self.narrowing(functional.gelu(self.widening(x)))) + x)


class Classifier(nn.Module):
    """DistilBERT or BERT with logits from the first token."""

    def __init__(self, workload):
        super().__init__()
        self.words = nn.Embedding(workload.vocabulary, workload.width, padding_idx=0)
        self.places = nn.Embedding(512, workload.width)
        self.kinds = nn.Embedding(2, workload.width) if workload.family == "bert" else None
        self.norm, self.drop = nn.LayerNorm(workload.width, eps=1e-12), nn.Dropout(RATE)
        sizes = (workload.width, workload.heads, workload.inside, workload.family == "bert")
        self.blocks = nn.Sequential(*(Block(*sizes) for _ in range(workload.layers)))
        self.first = nn.Linear(workload.width, workload.width)
        self.activation = torch.tanh if workload.family == "bert" else torch.relu
        self.drop_first = nn.Dropout(RATE if workload.family == "bert" else 0.2)
        self.last = nn.Linear(workload.width, workload.classes)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, ids):
        x = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        if self.kinds is not None:
            x = x + self.kinds(torch.zeros_like(ids))
        x = self.blocks(self.drop(self.norm(x)))
        return self.last(self.drop_first(self.activation(self.first(x[:, 0]))))
