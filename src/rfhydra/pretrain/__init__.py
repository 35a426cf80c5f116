"""How the shipped backbone is made: bursts, scenes, the training of the backbone."""
