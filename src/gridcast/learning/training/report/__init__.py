"""A run's report and model card."""
