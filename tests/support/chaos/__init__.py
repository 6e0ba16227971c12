"""A day played twice, once in peace and once while things are killed; what came of it compared."""
