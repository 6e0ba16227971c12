"""Parts of the bench `tick`."""
