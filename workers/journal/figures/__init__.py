"""Figures: what events count for, written with them, added up soon after, and read."""
