"""The choice of a spectrogram contract, what does not fit the present one, and the move of a workspace to another."""
