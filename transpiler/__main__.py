"""``python -m transpiler`` is ``torch2ms``."""

import sys

from transpiler.cli import main

sys.exit(main())
