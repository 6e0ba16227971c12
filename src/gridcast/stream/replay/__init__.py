"""`gridcast replay`: plays history through real topics and agents, beside production."""
