# What can be asked for here: `make help`. The work is done by the small scripts in scripts/.
# A Python of your choice: `make PYTHON=python3.13 test`.

.DEFAULT_GOAL := help
.PHONY: help run test check test-long bench lint environment lock clean

ANY_PYTHON := PYTHON="$(PYTHON)" sh scripts/python.sh
OUR_PYTHON := .venv/bin/python
WITH_POSTGRES := $(OUR_PYTHON) scripts/postgres.py --

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run:  ## the service with its worker and the sample municipalities (PORT, PLATEIA_HOME)
	@$(ANY_PYTHON) scripts/environment.py run
	@exec .venv/bin/plateia run --samples

test: environment  ## everything, on SQLite and on PostGIS
	@exec $(WITH_POSTGRES) $(OUR_PYTHON) scripts/suite.py test

check: environment  ## for every day: the checks of the code and the fast tests, on SQLite
	@exec $(OUR_PYTHON) scripts/suite.py check

test-long: environment  ## kills, races and large tables at their whole length, on both databases
	@PLATEIA_LONG=1 exec $(WITH_POSTGRES) $(OUR_PYTHON) scripts/suite.py test-long

bench: environment  ## the benchmarks (BENCH="--help" tells what can be chosen)
	@exec $(WITH_POSTGRES) $(OUR_PYTHON) -m bench $(BENCH)

lint: environment  ## the checks of the code alone
	@exec $(OUR_PYTHON) scripts/suite.py lint

environment:  ## the virtual environment with all that the tests need
	@$(ANY_PYTHON) scripts/environment.py test

lock:  ## the locks anew from pyproject.toml (needs uv)
	@sh scripts/lock.sh

clean:  ## remove what the commands above made, except the data in var/
	@rm -rf .venv .venv.* .test .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find service tests bench migrations scripts -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
