"""Parts of the bench `rungs`."""
