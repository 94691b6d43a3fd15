"""All steps, in the order in which they run."""

import steps_features  # noqa: F401 - adds its steps
import steps_local  # noqa: F401 - adds its steps
from steps import STEPS

__all__ = ["STEPS"]
