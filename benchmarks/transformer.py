"""Training speed and memory of transformers, GradMill beside its peers.

    python benchmarks/transformer.py                              # this package alone, every workload
    python benchmarks/transformer.py --peer-python PATH --engines gradmill,torch,torch-best,tensorflow
    python benchmarks/transformer.py --workloads distilbert_b8 --layers

distilbert_b8: distilbert-base-uncased, batch 8; bert_large_b2: bert-large-uncased, batch 2. Sequences of 128 random
ids, 8 classes, dropout as published, Adam(1e-5): forward, loss, gradient, update. char_gpt: the decoder of
`examples/char_gpt.py`, Adam(1e-3), batches of 32 pieces of 128 characters from a text of 1 MB that is made of seeded
words (`--steps 244` takes all of it). The rest is as in `vision.py`.

`torch-best` keeps freed memory and has the fused optimizer; attention is PyTorch's fused one in both.
"""

import vision

if __name__ == "__main__":
    vision.main(__doc__, {"distilbert_b8": 1.4, "bert_large_b2": 1.4, "char_gpt": 1.5})
