"""What services there are: their KQIs, how they are scored, what is required of them; one TOML file, one frozen tree.

A new service needs no code: name its KQIs, give each a utility and a weight; a new KQI is a column that records carry,
or a formula over columns, its units checked. Words: TMF633 (service specification), ITU-T G.1000 (KQI);
docs/services.md explains the file.
"""

from cemcore.catalogue.catalogue import Catalogue, ModelRequest, extra_columns, kqi_values, model_key
from cemcore.catalogue.checks import kpi_formulas
from cemcore.catalogue.formula import Formula, parse
from cemcore.catalogue.parts import FormulaError
from cemcore.catalogue.tables import (
    NARROWING,
    Counter,
    Indicator,
    Kind,
    Kpi,
    Kqi,
    Measured,
    Moments,
    Profile,
    Service,
)
from cemcore.catalogue.units import UNITS, Unit

__all__ = [
    "NARROWING",
    "UNITS",
    "Catalogue",
    "Counter",
    "Formula",
    "FormulaError",
    "Indicator",
    "Kind",
    "Kpi",
    "Kqi",
    "Measured",
    "ModelRequest",
    "Moments",
    "Profile",
    "Service",
    "Unit",
    "extra_columns",
    "kpi_formulas",
    "kqi_values",
    "model_key",
    "parse",
]
