"""What a text comes to once what is done to hide words from rules is taken back."""
