"""`python -m greffe`: the same as the command `greffe`."""

import sys

from greffe.cli import main

sys.exit(main())
