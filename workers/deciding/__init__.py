"""Deciding on messages in flight: deciders are asked side by side, in threads and under one
deadline, and what they say becomes one ruling.
"""
