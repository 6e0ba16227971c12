"""The release of a deployment that has released nothing: the model in the box."""

from datetime import UTC, datetime
from functools import cache

from gridcast.models.contract import ContractError
from gridcast.models.network import Network
from gridcast.schemas import Release, Role
from gridcast.stream.releases.artifacts import digest_of
from gridcast.stream.releases.box import boxed, boxed_steps
from gridcast.stream.releases.locations import BOX


@cache
def boxed_release(step_minutes: int) -> Release | None:
    """Return the box's model of a step as a champion of all kinds; None if there is none."""
    if step_minutes not in boxed_steps():
        return None
    data = boxed(step_minutes)
    try:
        contract = Network.load(data).contract
        model, run = contract.model, contract.run
    except ContractError:  # a broken installation; loading it will report why
        model, run = f"box-{step_minutes}", "unreadable"
    return Release(
        model=model,
        release=run,
        role=Role.CHAMPION,
        digest=digest_of(data),
        url=f"{BOX}{step_minutes}",
        released_at=datetime.fromtimestamp(0, UTC),
    )
