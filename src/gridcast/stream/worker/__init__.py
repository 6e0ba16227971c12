"""The worker: the Faust app, the reference data, and the partitions assigned to it."""
