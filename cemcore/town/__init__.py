"""A seeded operator: writes what real systems deliver, in their formats, with the truth of what befell it."""

from cemcore.town.live import Delivery, LiveTown
from cemcore.town.sizes import SIZES, Size
from cemcore.town.spec import Spec, load_spec
from cemcore.town.town import Town

__all__ = ["SIZES", "Delivery", "LiveTown", "Size", "Spec", "Town", "load_spec"]
