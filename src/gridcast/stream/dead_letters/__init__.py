"""Dead letters looked at, and sent again after what was wrong is mended."""
