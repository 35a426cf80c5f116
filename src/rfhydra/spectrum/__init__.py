"""The contract and everything that touches IQ: spectrograms, boxes, recordings, synthetic signals."""
