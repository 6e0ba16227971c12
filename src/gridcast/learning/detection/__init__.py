"""Detectors scored over labelled data."""
