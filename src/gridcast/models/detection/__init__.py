"""Anomaly and drift detectors for readings; each judges all series of a partition at once."""

from gridcast.models.detection.detectors import DetectionResult, PartitionDetectors
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries, TickReadings

__all__ = ["NO_GROUP", "DeclaredSeries", "DetectionResult", "PartitionDetectors", "TickReadings"]
