"""Where networks run."""

import torch

from stemgan.devices import check_device
from stemgan.errors import InputError


def choose_device(device: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a torch device.

    Raises
    ------
    InputError : an unknown name, or CUDA where there is none.
    """
    check_device(device)
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise InputError("this machine has no CUDA device that torch can use: say --device cpu")
    return torch.device("cuda" if cuda and device != "cpu" else "cpu")
