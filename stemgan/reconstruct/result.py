"""What a completion by a network is: images, how sure they are, and how long it took."""

from dataclasses import dataclass

from stemgan.calibration import Calibrated, Intervals
from stemgan.reconstruct.estimates import Image


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What a network makes of a partial scan, in the scan's own unit.

    image : the network's estimate at every pixel, the measured ones too, (H, W) float32: of
        the blurred truth (5x5, sigma 2.5 px), or with texture, of a likely raw one.
    raw : its estimate of the raw truth, not blurred, which is as sharp as the scan tells and
        has more noise left, (H, W) float32; the same as `image` where the network has but one.
    std, raw_std : their standard deviations from these truths, (H, W) float32: calibrated, or
        the network's own where its weights hold no calibration; None if it estimates none.
    seconds : how long it took, the loading of the weights left out.
    calibrated : what quantiles follow from, where the weights hold a calibration.
    """

    image: Image
    raw: Image
    std: Image | None
    raw_std: Image | None
    seconds: float
    calibrated: Calibrated | None = None

    @property
    def quantiles(self) -> Image | None:
        """What the blurred truth lies below with a probability of 5, 50 and 95 %, (3, H, W)."""
        return self.calibrated.intervals().quantiles if self.calibrated else None

    @property
    def raw_intervals(self) -> Intervals | None:
        """Deviation and quantiles of the raw truth, whose pixels have noise of their own."""
        return self.calibrated.intervals("raw") if self.calibrated else None
