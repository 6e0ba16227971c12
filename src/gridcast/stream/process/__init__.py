"""Operating-system processes: children that never outlive their parent, and GC tuning."""
