"""Which backbones there are, and a network with one of them."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from stemgan.errors import InputError, check_number, check_whole
from stemgan_data_prep.catalogue.backbones import efficient, residual, timm_models
from stemgan_data_prep.catalogue.backbones.body import Body
from stemgan_data_prep.catalogue.backbones.inception_v3 import Inception
from stemgan_data_prep.catalogue.backbones.network import Network
from stemgan_data_prep.catalogue.backbones.pretrained import load_pretrained

_MAKERS: dict[str, Callable[[], Body]] = {
    **{name: partial(residual.Residual, name) for name in residual.SIZES},
    **{name: partial(efficient.Efficient, name) for name in efficient.SIZES},
    "inception-v3": Inception,
}
BACKBONES = tuple(_MAKERS)


def check_backbone(backbone: str) -> None:
    """Refuse a name that no backbone has; "timm:NAME" is judged when it is made.

    Raises
    ------
    InputError : with the nearest name.
    """
    if backbone in _MAKERS or backbone.startswith(timm_models.PREFIX):
        return
    near = get_close_matches(backbone, BACKBONES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(BACKBONES)}, timm:NAME"
    raise InputError(f"there is no backbone {backbone!r}: {hint}")


def make_network(
    backbone: str,
    classes: int | None,
    *,
    pretrained: str | Path | None = None,
    dropout: float = 0.2,
) -> Network:
    """Make a network to train, on the CPU; its random weights follow torch's own generator.

    Parameters
    ----------
    backbone : one of `BACKBONES`, or "timm:NAME".
    classes : how many there are; None = those of `pretrained`, whose head is kept.
    pretrained : where the backbone's weights come from, see `load_pretrained`; None = random.
    dropout : share of features that training leaves out before the head, 0 to below 1.

    Raises
    ------
    InputError : there is no such backbone, a number is out of range, or weights do not fit.
    """
    check_backbone(backbone)
    if classes is not None:
        check_whole("classes", classes, 1)
    elif pretrained is None:
        raise InputError("a head can only be kept that is there: give pretrained weights")
    check_number("dropout", dropout, 0, 0.99)
    prefix = timm_models.PREFIX
    if backbone.startswith(prefix):
        body: Body = timm_models.Timm(backbone.removeprefix(prefix))
    else:
        body = _MAKERS[backbone]()
    network = Network(backbone, body, classes or 1, dropout)
    if pretrained is not None:
        load_pretrained(network, pretrained, head=classes is None)
    return network
