"""`python -m safelight` is the command `safelight`; see `cli/__init__.py`."""

from safelight.cli import main

raise SystemExit(main())
