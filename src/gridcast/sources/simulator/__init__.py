"""The simulated grid as a producer: into files and onto the topics."""
