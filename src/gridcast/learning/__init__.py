"""From history to a model: files, training, tuning, backtests, reports."""
