"""The parts of `bench/fanout.py`."""
