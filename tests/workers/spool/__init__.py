"""Tests of the spool, on real files and with real processes."""
