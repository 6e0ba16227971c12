"""Showing dead letters, and sending their records again once the cause is fixed."""
