"""Shared by the tests of all scenarios: hosts, playbook runs, and what they left behind."""
