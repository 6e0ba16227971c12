"""Parts of the bench `wire_hash`."""
