"""The whole of it as one operation of pyinfra, which runs this file."""

from pathlib import Path

from pyinfra.operations import server  # type: ignore[import-not-found] # it is in the benchmark's own environment

server.shell(name="roll back", commands=[Path(__file__).with_name("flip.sh").read_text()])
