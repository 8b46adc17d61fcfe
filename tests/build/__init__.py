"""Builders of test data, valid by default: a negative test changes one thing."""
