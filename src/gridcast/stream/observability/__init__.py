"""Logs, metrics endpoint, health checks and traces."""
