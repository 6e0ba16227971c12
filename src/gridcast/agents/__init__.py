"""The Faust agents, one file each: decode, hand to the models, publish."""
