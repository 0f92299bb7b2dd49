"""`python -m ganscope` is the command `ganscope`."""

import sys

from ganscope.cli import main

sys.exit(main())
