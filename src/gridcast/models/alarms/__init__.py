"""Alarms and their states: raised, updated, acknowledged, shelved, suppressed, cleared."""

from gridcast.models.alarms.board import AlarmBoard
from gridcast.models.alarms.condition import Condition, Key, Sign
from gridcast.models.alarms.flood import FloodLimit
from gridcast.models.alarms.life import Timing
from gridcast.models.alarms.names import partition_of

__all__ = ["AlarmBoard", "Condition", "FloodLimit", "Key", "Sign", "Timing", "partition_of"]
