"""What lists of CometChat's moderation ask at `/moderation`, and what they are answered."""
