"""`python -m comethooks.cli`: the command `comethooks`, wherever its script is."""

from comethooks.cli import main

main(prog_name="comethooks")
