"""`rollback init`: look at a repository, and write a first playbook and runbook for it. Never touches a host."""

from rollback.init.first import look
from rollback.init.found import Found, Framework
from rollback.init.writing import next_steps, write

__all__ = ["Found", "Framework", "look", "next_steps", "write"]
