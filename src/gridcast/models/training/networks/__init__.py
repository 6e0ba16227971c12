"""Networks by name.

A network is a `Member`. A `ForecasterNetwork` is the whole graph, from kW to kW, with one or more
members of one kind in it.
"""

from collections.abc import Mapping
from typing import Final

from gridcast.models.training.networks.attention import AttentionLstm
from gridcast.models.training.networks.forecaster import ForecasterNetwork
from gridcast.models.training.networks.recurrent import BiLstm, Gru, Lstm, Member

__all__ = ["NETWORKS", "ForecasterNetwork", "Member"]

NETWORKS: Final[Mapping[str, type[Member]]] = {
    "lstm": Lstm,
    "bilstm": BiLstm,
    "gru": Gru,
    "attention-lstm": AttentionLstm,
}
