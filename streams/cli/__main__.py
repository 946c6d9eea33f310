"""`python -m streams.cli`: the command for where it is not on the path, such as under `linkgauge up`."""

from streams.cli import main

main()
