"""The gateway: forecasts, alarms, scores and readings to thousands of screens at once."""
