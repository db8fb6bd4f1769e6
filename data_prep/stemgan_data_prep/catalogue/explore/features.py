"""Features of pictures: what a layer of a network makes of them, computed once and kept."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stemgan.files import whole_file
from stemgan.reconstruct.devices import choose_device

if TYPE_CHECKING:
    from stemgan_data_prep.catalogue.backbones import Network

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps steps of the work to show how far it is: the steps, what they do, how many."""


def unwatched(steps: Iterable[Any], doing: str, total: int) -> Iterable[Any]:
    """Show nothing."""
    del doing, total
    return steps


def extract(
    images: NDArray[np.uint8],
    network: "Network",
    layer: str,
    side: int,
    *,
    device: str = "auto",
    batch_size: int = 64,
    cache: Path | None = None,
    watch: Watch = unwatched,
) -> NDArray[np.float32]:
    """Return what a layer makes of pictures, without augmentation.

    Parameters
    ----------
    images : (N, S, S) uint8, memory-mapped or not.
    network : of `make_network` or `load_classifier`.
    layer : one of the network's, maps averaged over space: "stage1" …, "pooled", "logits".
    side : at which the network sees the pictures [px].
    device : "auto", "cpu" or "cuda".
    batch_size : pictures that the network sees at once.
    cache : folder in which the features are kept; they are taken up again for the same pixels,
        network, layer and side.
    watch : see `Watch`.

    Returns
    -------
    (N, F) float32.

    Raises
    ------
    InputError : there is no such layer or device, or the pictures are too small.
    """
    network.check_layer(layer)
    network.check_side(side)
    if cache is None:
        return _extracted(images, network, layer, side, device, batch_size, watch)
    kept = cache / f"features-{_digest(images, network, layer, side)}.npz"
    if kept.is_file():
        with np.load(kept) as arrays:
            return arrays["features"]
    found = _extracted(images, network, layer, side, device, batch_size, watch)
    cache.mkdir(parents=True, exist_ok=True)
    with whole_file(kept) as temporary:
        np.savez(temporary, features=found)
    return found


def _extracted(
    images: NDArray[np.uint8],
    network: "Network",
    layer: str,
    side: int,
    device: str,
    batch_size: int,
    watch: Watch,
) -> NDArray[np.float32]:
    import torch

    from stemgan_data_prep.catalogue.augment import plain

    where = choose_device(device)
    network = network.to(where).eval()
    begins = range(0, len(images), batch_size)
    found = []
    with torch.inference_mode():
        for begin in watch(begins, f"features {layer}", len(begins)):
            batch = torch.from_numpy(np.array(images[begin : begin + batch_size]))
            made = network.features(plain(batch.to(where), side), layer)
            found.append(made.float().cpu().numpy())
    return np.concatenate(found)


def _digest(images: NDArray[np.uint8], network: "Network", layer: str, side: int) -> str:
    """Digest what features follow from: pixels, weights, layer and side."""
    digest = hashlib.sha256(f"1 {layer} {side} {images.shape}".encode())
    for image in images:
        digest.update(np.ascontiguousarray(image).data)
    for name, tensor in network.state_dict().items():
        digest.update(os.fsencode(name))
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:20]


def predicted(
    features: NDArray[np.float32], network: "Network", layer: str
) -> NDArray[np.int64] | None:
    """Return each picture's likeliest class, (N,), where features of this layer tell it."""
    import torch

    if layer == "logits":
        return features.argmax(axis=1)
    if layer != "pooled":
        return None
    where = next(network.parameters()).device
    with torch.inference_mode():
        parts = torch.from_numpy(features).split(4096)
        return np.concatenate(
            [network.head(p.to(where)).argmax(1).cpu().numpy() for p in parts]
        )
