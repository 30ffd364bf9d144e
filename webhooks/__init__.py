"""The web process: the Flask application that receives webhooks, and how gunicorn serves it."""
