"""`gridcast models box`: the models that came with this package."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.models.network import Network
from gridcast.stream.releases.box import boxed, boxed_steps
from gridcast.stream.releases.locations import BOX


def box() -> None:
    """List the models that came with this package: show one by `gridcast models show box:60`."""
    table = Table("model", "step min", "horizon h", "trained on", "kB", box=None, pad_edge=False)
    for step in boxed_steps():
        data = boxed(step)
        contract = Network.load(data).contract
        titles = ", ".join(one.title for one in contract.trained_on)
        cells = (f"{BOX}{step}", str(step), str(contract.features.horizon_hours), escape(titles))
        table.add_row(*cells, f"{len(data) / 1000:.0f}")
    Console().print(table)
