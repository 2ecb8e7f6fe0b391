"""Training speed on the two networks of the MNIST tutorials, GradMill beside its peers.

    python benchmarks/mlp.py                                  # this package alone
    python benchmarks/mlp.py --peer-python PATH --engines gradmill,jax,torch,torch-best

Whole epochs over 60,000 synthetic samples in memory, batch 32: forward, loss, gradient, update, running loss. The rest
is as in `vision.py`.

mnist_mlp_full:   Flatten, Dense(128, relu), Dropout(0.2), Dense(10); SGD(0.01)
fashion_mlp_full: Flatten, Dense(128, relu), Dense(10); Adam(0.001)
"""

import vision

if __name__ == "__main__":
    vision.main(__doc__, {"mnist_mlp_full": 4.0, "fashion_mlp_full": 4.0})
