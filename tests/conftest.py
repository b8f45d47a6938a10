"""What every test process needs, here and in the processes that tests start: quiet frameworks, and this checkout first on the path."""

import os
from pathlib import Path

ROOT = str(Path(__file__).parents[1])

os.environ.setdefault("GLOG_v", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
