"""`gridcast replay`: history through the real topics and agents, beside production."""
