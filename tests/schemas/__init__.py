"""Tests of the schemas: bodies in, events or errors out."""
