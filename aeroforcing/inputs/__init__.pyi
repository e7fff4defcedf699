from .builtin.aerosol import tegen_profile
from .builtin.fields import builtin_inputs
from .builtin.plumes import anthropogenic_aerosol
from .model_columns import columns_from
from .products import prepare
from .resolve import resolve_inputs
from .stations import with_stations
from .user import read_field

__all__ = [
    "anthropogenic_aerosol",
    "builtin_inputs",
    "columns_from",
    "prepare",
    "read_field",
    "resolve_inputs",
    "tegen_profile",
    "with_stations",
]
