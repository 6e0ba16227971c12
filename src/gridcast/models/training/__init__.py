"""Train networks and write them as ONNX; needs `gridcast[train]`, and nothing that serves does."""
