"""Parts of a network that learn no more."""

import torch

from stemgan.training.divergence import silent_share
from tests.training.batches import batch, made


def test_a_silent_stage_is_told_by_its_gradients():
    model = made("stemgan", fidelity_steps=10)
    for parameter in model.generator.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    shares = []
    for bias in (0.0, -1e3):
        torch.nn.init.constant_(model.generator.inner.up_half.conv.bias, bias)
        model.zero_grad()
        sum(model.terms(model.drawn(batch())).values()).backward()
        shares.append(float(silent_share(model.generator)))
    assert shares[0] < 0.1
    assert shares[1] > 0.4
    assert silent_share(torch.nn.Linear(2, 2)) == 0
