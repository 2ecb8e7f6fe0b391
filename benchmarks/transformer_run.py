"""One run of one engine for `transformer.py`, in the interpreter of that engine: see `vision_run.py`."""

import importlib

import engines
import numpy as np
import vision_run
from transformer import WORKLOADS


def tokens(workload):
    """Random ids and labels."""
    generator = np.random.default_rng(0)
    samples = workload.batch * workload.steps
    ids = generator.integers(1, workload.vocabulary, (samples, workload.length)).astype("int32")
    return ids, generator.integers(0, workload.classes, samples).astype("int32")


def model_of(gradmill, workload):
    """GradMill's network, compiled."""
    kind = gradmill.applications.Bert if workload.family == "bert" else gradmill.applications.DistilBert
    model = kind(
        head="classification",
        classes=workload.classes,
        sequence_length=workload.length,
        vocabulary_size=workload.vocabulary,
        num_layers=workload.layers,
        hidden_size=workload.width,
        num_heads=workload.heads,
        intermediate_size=workload.inside,
    )
    model.compile(gradmill.optimizers.Adam(1e-5), gradmill.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def run_torch(torch, workload, epochs, best):
    networks = importlib.import_module("torch_transformers")
    torch.manual_seed(0)
    model = networks.Classifier(workload).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5, fused=best or None)
    ids, labels = (torch.from_numpy(each).long() for each in tokens(workload))
    return engines.torch_epochs(torch, model, optimizer, ids, labels, workload.batch, epochs, shuffle=False)


if __name__ == "__main__":
    vision_run.main(WORKLOADS, vision_run.Recipe(model_of, tokens, run_torch))
