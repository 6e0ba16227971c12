"""Parts of the bench `throughput`."""
