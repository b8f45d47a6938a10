# One command each. `make VENV=/some/where test` uses another environment than .venv.
VENV ?= .venv
PYTHON ?= $(VENV)/bin/python
READY = $(VENV)/.ready
# Two processes, a test file at a time: files share sessions of the frameworks, which are dear to start. A process that dies ends the run:
# waiting for its replacement has been seen to last for ever.
PYTEST ?= $(PYTHON) -m pytest -n 2 --dist loadfile --max-worker-restart 0

export GLOG_v = 3
export TF_CPP_MIN_LOG_LEVEL = 3
export PYTHONPATH := $(CURDIR)

.PHONY: env demo test check format docs golden corpus conformance bench bench-training clean

env: $(READY)

$(READY): pyproject.toml requirements/test.txt requirements/no-deps.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -r requirements/test.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps -r requirements/no-deps.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)            ## port torchvision's ResNet, convert a checkpoint, verify, show the report
	$(PYTHON) scripts/demo.py

test: $(READY)            ## all tests
	$(PYTEST)

check: $(READY)           ## format, lint, types, tests
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTEST)

format: $(READY)          ## rewrite files in the project's format
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: $(READY)            ## write docs/mappings and docs/diagnostics.md from the entries
	$(PYTHON) scripts/build_docs.py

golden: $(READY)          ## rewrite samples/*: review the result as a diff
	$(PYTHON) scripts/build_samples.py

corpus: $(READY)          ## the standard library and torch's package through the transpiler
	$(PYTHON) scripts/corpus.py

conformance: $(READY)     ## every model of the tables (docs/conformance.md), every operator sample in every form (docs/coverage.md)
	$(PYTHON) scripts/conformance.py --graph --jobs 2
	$(PYTHON) scripts/coverage.py --limit 0

bench: $(READY)           ## lines per CPU second, ratio to libcst's floor, start-up
	$(PYTHON) benchmarks/transpile.py

bench-training: $(READY)  ## steps per second of ported training scripts, next to torch and to MindSpore by hand: docs/benchmarks.md
	$(PYTHON) benchmarks/training.py --markdown docs/benchmarks.md

clean:
	rm -rf build dist demo-output .mypy_cache .ruff_cache .pytest_cache
