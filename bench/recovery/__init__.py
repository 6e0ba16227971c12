"""The parts of `bench/recovery`."""
