"""`python -m monitor`."""

from monitor.cli.program import main

main()
