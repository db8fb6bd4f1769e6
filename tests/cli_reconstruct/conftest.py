"""A toy in the shipped model's place, and a folder to work in."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from stemgan import reconstruct
from stemgan.errors import InputError
from stemgan.weights import DEFAULT_MODEL


class Toy(nn.Module):
    """Returns its nearest infill and, raw, twice it, with deviations of gain / e and gain."""

    def forward(self, infill, dwell, distance, kriged):
        log_std = torch.full_like(infill, -1)
        return SimpleNamespace(
            image=infill, raw=2 * infill, log_std=log_std, raw_log_std=log_std + 1
        )


@pytest.fixture(autouse=True)
def toy_model(monkeypatch, tmp_path_factory):
    """Put a toy in the shipped model's place, so that these tests are about the command."""
    weights = tmp_path_factory.mktemp("weights") / f"{DEFAULT_MODEL}.safetensors"
    weights.write_bytes(b"weights")

    def find(model):
        if model != DEFAULT_MODEL:
            raise InputError(f"there is no model {model!r}: did you mean {DEFAULT_MODEL}?")
        return weights

    monkeypatch.setattr(reconstruct, "find_weights", find)
    monkeypatch.setattr(reconstruct, "load_generator", lambda name: find(name) and (Toy(), {}))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path
