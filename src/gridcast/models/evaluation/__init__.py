"""Forecast evaluation: the same samples and scores for every forecaster.

`splits` divides the past into training, validation and test, `verified_forecasts` puts forecasts
beside the truth, `score` makes one table of scores, `breakdown` takes it apart, `significance`
has the Diebold-Mariano test, `fitting` detects overfitting and underfitting. `baselines` are the
alternatives to a network. Point scores are in `point`, probabilistic scores in `quantiles`.
"""
