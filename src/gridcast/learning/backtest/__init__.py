"""`gridcast backtest`: the worker's own tick over years of history, without a broker."""
