"""Boxes as people and other programs write them: the command line, CSV, Audacity, rtl_433."""
