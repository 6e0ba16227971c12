"""The parts of `bench/fanout`."""
