"""The fate of a run in SQL: claims, past attempts, waiting lines, and the actions of people."""
