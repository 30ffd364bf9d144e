"""Interactive messages in SQL: who pressed what, whose goal is met, who belongs to which group."""
