"""What the accuracy bench is made of."""
