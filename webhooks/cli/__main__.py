"""`python -m webhooks.cli`: the command `comethooks`, wherever its script is."""

from webhooks.cli import main

main(prog_name="comethooks")
