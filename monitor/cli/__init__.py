"""The command line: every command teaches by its `--help`."""
