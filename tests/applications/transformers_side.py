"""The half of `test_live_transformers.py` that runs in an interpreter with PyTorch and the transformers library.

    python transformers_side.py write FOLDER

Makes small models with random weights, and for each NAME: `NAME/model.safetensors`; `NAME.gradients/model.safetensors`,
the gradient of a loss by every weight under the weight's name; `NAME.npz` with inputs, outputs and the losses of ten
steps of Adam. Where the library is missing it leaves a file `absent`.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

SIZES = {"vocabulary": 60, "positions": 20, "layers": 2, "width": 24, "heads": 3, "inside": 48, "classes": 5}
BATCH, LENGTH, STEPS = 6, 11, 10
# Keras and PyTorch add epsilon at different places, which tells where gradients are as small.
RATE, EPSILON = 1e-3, 1e-12
NAMES = [f"{family}-{head}" for family in ("distilbert", "bert") for head in ("encoder", "classification", "masked_lm")]


def make(hf, name):
    """A model without dropout, so that it can be followed step by step."""
    family, head = name.split("-")
    if family == "distilbert":
        config = hf.DistilBertConfig(
            vocab_size=SIZES["vocabulary"],
            max_position_embeddings=SIZES["positions"],
            n_layers=SIZES["layers"],
            dim=SIZES["width"],
            n_heads=SIZES["heads"],
            hidden_dim=SIZES["inside"],
            num_labels=SIZES["classes"],
            dropout=0.0,
            attention_dropout=0.0,
            seq_classif_dropout=0.0,
        )
        kinds = (hf.DistilBertModel, hf.DistilBertForSequenceClassification, hf.DistilBertForMaskedLM)
    else:
        config = hf.BertConfig(
            vocab_size=SIZES["vocabulary"],
            max_position_embeddings=SIZES["positions"],
            num_hidden_layers=SIZES["layers"],
            hidden_size=SIZES["width"],
            num_attention_heads=SIZES["heads"],
            intermediate_size=SIZES["inside"],
            num_labels=SIZES["classes"],
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        kinds = (hf.BertModel, hf.BertForSequenceClassification, hf.BertForMaskedLM)
    return kinds[("encoder", "classification", "masked_lm").index(head)](config)


def inputs_of(name, rng):
    """Sequences of several lengths. What is masked has tokens too: PyTorch trains no row for token 0."""
    lengths = rng.integers(3, LENGTH + 1, BATCH)
    found = {
        "input_ids": rng.integers(1, SIZES["vocabulary"], (BATCH, LENGTH)).astype("int32"),
        "attention_mask": (np.arange(LENGTH) < lengths[:, None]).astype("int32"),
    }
    if name.startswith("bert"):
        found["token_type_ids"] = rng.integers(0, 2, (BATCH, LENGTH)).astype("int32")
    return found


def write(torch, hf, folder):
    """Write the files of every model."""
    for seed, name in enumerate(NAMES):
        rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        model = make(hf, name).train()
        with torch.no_grad():  # away from where weights begin: no row of zeros, no equal numbers
            for weight in model.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
        inputs = inputs_of(name, rng)
        given = {key: torch.from_numpy(value).long() for key, value in inputs.items()}
        outputs, targets = {}, {}

        def loss_of(model=model, given=given, targets=targets, outputs=outputs, rng=rng):
            made = model(**given)
            if "logits" in made:
                outputs["logits"] = made.logits.detach().numpy()
                if not targets:
                    targets["labels"] = rng.integers(0, made.logits.shape[-1], made.logits.shape[:-1])
                logits = made.logits.reshape(-1, made.logits.shape[-1])
                return torch.nn.functional.cross_entropy(logits, torch.from_numpy(targets["labels"]).reshape(-1))
            parts = {"sequence_output": made.last_hidden_state}
            if "pooler_output" in made:
                parts["pooled_output"] = made.pooler_output
            outputs.update({key: value.detach().numpy() for key, value in parts.items()})
            if not targets:
                targets.update({f"{key}_target": rng.random(value.shape).astype("f4") for key, value in parts.items()})
            wanted = {key: torch.from_numpy(targets[f"{key}_target"]) for key in parts}
            return sum(((value - wanted[key]) ** 2).mean() for key, value in parts.items())

        model.save_pretrained(folder / name)
        losses, first_outputs = [], None
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=EPSILON)
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward()
            losses.append(float(loss))
            if step == 0:
                first_outputs = dict(outputs)
                gradients = make(hf, name)
                for own, weight in zip(gradients.parameters(), model.parameters()):
                    own.data = torch.zeros_like(weight) if weight.grad is None else weight.grad.clone()
                gradients.save_pretrained(folder / f"{name}.gradients")
            optimizer.step()
        np.savez(folder / f"{name}.npz", losses=losses, **inputs, **first_outputs, **targets)


if __name__ == "__main__":
    place = Path(sys.argv[2])
    if importlib.util.find_spec("transformers") and importlib.util.find_spec("torch"):
        write(importlib.import_module("torch"), importlib.import_module("transformers"), place)
    else:
        (place / "absent").touch()
