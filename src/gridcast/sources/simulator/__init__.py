"""The simulated grid put into files and onto topics."""
