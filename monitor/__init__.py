"""Runs it: jobs, store, schedule, command line."""
