"""The surface: the Flask application that receives webhooks, gunicorn's configuration, and the
command.
"""
