"""What is wrong with readings: detectors for all series of a partition at once."""

from gridcast.models.detection.detection import Detection, Seen
from gridcast.models.detection.look import NO_GROUP, Known, Look

__all__ = ["NO_GROUP", "Detection", "Known", "Look", "Seen"]
