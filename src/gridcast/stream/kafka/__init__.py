"""Kafka clients: configuration, administration, transactions, producers and consumers."""
