"""Figures: what one event counts for, and in which bucket. It knows no SQL."""
