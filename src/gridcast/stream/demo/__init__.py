"""The demo: a whole grid on one machine, and a terminal that shows that it lives."""
