"""The window of one series as a picture: for the person who doubts the smoother."""

from gridcast.stream.picture.past import Past, look_back, look_into

__all__ = ["Past", "look_back", "look_into"]
