"""The running system: everything that touches Kafka, files, clocks and people."""
