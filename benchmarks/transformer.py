"""Training speed and memory of transformers that classify texts, GradMill beside PyTorch.

    python benchmarks/transformer.py                              # this package alone, both workloads
    python benchmarks/transformer.py --peer-python PATH --engines gradmill,torch,torch-best
    python benchmarks/transformer.py --workloads distilbert_b8 --layers

distilbert_b8: distilbert-base-uncased, batch 8; bert_large_b2: bert-large-uncased, batch 2. Sequences of 128 random
ids, 8 classes, dropout as published, Adam(1e-5): forward, loss, gradient, update. The rest is as in `vision.py`.

`torch-best` keeps freed memory and has the fused optimizer; attention is PyTorch's fused one in both.
"""

import vision

if __name__ == "__main__":
    vision.main(__doc__, {"distilbert_b8": 1.4, "bert_large_b2": 1.4})
