"""The gateway: forecasts, alarms, scores and readings for thousands of screens at once."""
