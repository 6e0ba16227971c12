"""State tables: one per partition, kept in a compacted Kafka topic."""
