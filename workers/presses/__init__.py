"""The rules of presses on interactive messages: which goals they complete, what is wrong with their
answers, and the tokens of the URLs that they come to.
"""
