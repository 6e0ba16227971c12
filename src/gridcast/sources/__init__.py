"""Producers that feed the topics."""
