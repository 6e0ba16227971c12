"""Model releases: fetching, loading and selecting them, and publishing new ones."""
