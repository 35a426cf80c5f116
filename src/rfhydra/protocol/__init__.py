"""What goes over the wire: commands, messages, binary frames, limits. No I/O, no torch, no numpy.

Server, client and the generated documents share these types, so that there is one place for each field.
"""
