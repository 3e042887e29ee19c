"""Runs a program in a terminal of its own, without keyboard: python3 in_terminal.py program argument..."""
import os
import pty
import sys

os.environ["TERM"] = "xterm"
# What it shows goes to our standard output.
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
