"""How good forecasters are: the same samples, the same scores, whatever makes the forecasts.

`splits` says what is learned from and what is judged on, `verified` puts forecasts beside what
came, `score` makes one table of them, `by` takes it apart, `significance` tells luck from skill,
`fitting` says whether too much or too little was learned. `baselines` are what a user would use
without a network. Scores of a single number are in `point`, those of quantiles in `quantiles`.
"""
