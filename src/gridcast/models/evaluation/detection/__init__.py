"""Scores of the detectors: against simulated faults, labelled sets and the NAB benchmark."""
