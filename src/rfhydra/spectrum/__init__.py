"""The spectrogram contract, the function from IQ to image, windows and boxes."""
