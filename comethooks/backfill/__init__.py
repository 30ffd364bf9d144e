"""Fetching messages whose webhooks never came, from CometChat's own list of them."""
