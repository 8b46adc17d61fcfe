"""Hypothesis strategies for the metadata model."""
