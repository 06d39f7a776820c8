"""`python -m rollback`"""

from rollback.cli import main

main()
