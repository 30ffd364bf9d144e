"""The plugin `notify`: tells others of events, as a file says: by signed webhooks, through Apprise,
in CometChat.
"""
