"""Releases: fetched and loaded beside the ticks, and the desk where they are given out."""
