"""Backtest beside the cross-validation of others."""
