"""What the calibration bench is made of."""
