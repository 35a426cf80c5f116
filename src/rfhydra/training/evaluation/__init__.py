"""Evaluation: metrics of detections, on recordings and between two heads."""
