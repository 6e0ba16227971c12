"""The report and model card of a run."""
