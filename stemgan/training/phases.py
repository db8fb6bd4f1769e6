"""The phases of a training: for fidelity, then against discriminators."""

from stemgan.errors import check_whole
from stemgan.training.validating import Validating


class Phases(Validating):
    """Tell which phase a training is in.

    Parameters
    ----------
    fidelity_steps : steps before the discriminators join.
    adversarial_steps : steps with them; 0 for training without any.
    """

    def __init__(self, fidelity_steps: int, adversarial_steps: int) -> None:
        super().__init__()
        check_whole("fidelity_steps", fidelity_steps, 0)
        check_whole("adversarial_steps", adversarial_steps, 0)
        self.fidelity_steps, self.adversarial_steps = fidelity_steps, adversarial_steps

    @property
    def steps_done(self) -> int:
        """Return the number of steps, 0 before there is a trainer."""
        return self.global_step if self._trainer is not None else 0

    @property
    def phase(self) -> str:
        """Return "fidelity" or "adversarial"."""
        late = self.adversarial_steps > 0 and self.steps_done >= self.fidelity_steps
        return "adversarial" if late else "fidelity"
