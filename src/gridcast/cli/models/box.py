"""`gridcast models box`: the models that come with this package."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.models.network import Network
from gridcast.stream.releases.box import boxed, boxed_steps
from gridcast.stream.releases.locations import BOX


def box() -> None:
    """List the models that come with this package. `gridcast models show box:60` prints one."""
    table = Table("model", "step min", "horizon h", "trained on", "kB", box=None, pad_edge=False)
    for step in boxed_steps():
        data = boxed(step)
        contract = Network.load(data).contract
        titles = ", ".join(dataset.title for dataset in contract.trained_on)
        cells = (f"{BOX}{step}", str(step), str(contract.features.horizon_hours), escape(titles))
        table.add_row(*cells, f"{len(data) / 1000:.0f}")
    Console().print(table)
