"""What a deployment needs of a network."""

from dataclasses import dataclass

from gridcast.models.contract import ContractError, DamagedError, ProbeError
from gridcast.models.network import Network
from gridcast.schemas import Unfit


class UnfitError(Exception):
    """A release that cannot be taken into use, and why."""

    def __init__(self, because: Unfit, detail: str) -> None:
        super().__init__(detail)
        self.because = because
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Needs:
    """What a network has to give here; it may be able to give more."""

    step_minutes: int
    horizon: int
    """Slots."""
    levels: tuple[float, ...]

    def network(self, data: bytes) -> Network:
        """Make a network of a file, tried and warm; an :class:`UnfitError` says why not."""
        try:
            network = self._load(data)
            network.warm_up()
        except ContractError as error:
            raise UnfitError(_because(error), str(error)) from None
        except Exception as error:  # noqa: BLE001 - whatever a file does, the worker goes on
            raise UnfitError(Unfit.PROBE, f"{type(error).__name__}: {_line(error)}") from None
        return network

    def _load(self, data: bytes) -> Network:
        network = Network.load(
            data, step_minutes=self.step_minutes, horizon=self.horizon, levels=self.levels
        )
        if network.contract.features.operator:
            raise ContractError("it is shown an operator's own forecast, and workers have none")
        return network


def _because(error: ContractError) -> Unfit:
    if isinstance(error, DamagedError):
        return Unfit.DAMAGED
    return Unfit.PROBE if isinstance(error, ProbeError) else Unfit.CONTRACT


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
