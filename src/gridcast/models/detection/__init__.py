"""What is wrong with readings: detectors for all series of a partition at once."""

from gridcast.models.detection.detection import Detected, Detection
from gridcast.models.detection.observations import NO_GROUP, Known, Look

__all__ = ["NO_GROUP", "Detected", "Detection", "Known", "Look"]
