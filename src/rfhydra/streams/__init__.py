"""Live sources of IQ: receivers, flowgraphs and recordings, read as time goes on."""
