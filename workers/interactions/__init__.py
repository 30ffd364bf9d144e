"""The plugin `interactions`, which ships with us: who pressed what, and who
completed which goal.
"""
