# make run     sets up, simulates a small operator, prints the impact report, and stays up as the daemon (ONCE=1: ends after the report)
# make test    sets up and passes the tests
# make help    the rest
.PHONY: help setup run test lint types contracts notebooks bench docs lock clean
.DEFAULT_GOAL := help
bin := .venv/bin

help:            ## this list
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup:           ## make .venv with the locked dependencies (no root, no server)
	@scripts/setup.sh

run: setup       ## simulate, assess, report, and stay up as the daemon; ONCE=1 ends after the report
	@$(bin)/cem demo $(if $(ONCE),--once)

test: setup      ## all tests; those that need a server skip with a reason where it is not installed
	@$(bin)/python -m pytest -q -n auto --dist loadfile $(ARGS)

lint: setup      ## ruff: style and format
	@$(bin)/ruff check . && $(bin)/ruff format --check .

types: setup     ## mypy, strict
	@$(bin)/mypy

contracts: setup ## who may import whom
	@$(bin)/lint-imports

notebooks: setup ## run every notebook
	@$(bin)/python -m pytest --nbmake --nbmake-timeout=300 -p no:cacheprovider notebooks

bench: setup     ## the benchmarks, each a table with JSON beside it
	@missed=; for b in benchmarks/*.py; do echo "== $$b"; $(bin)/python $$b || missed="$$missed $$b"; done; \
	    [ -z "$$missed" ] || { echo "goals missed:$$missed" >&2; exit 1; }

docs: setup      ## write docs/reference.md anew from the code
	@$(bin)/python scripts/reference.py

lock: setup      ## compile requirements.lock anew from pyproject.toml
	@$(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements.lock

clean:           ## remove what was built and what the demo laid down
	@rm -rf .venv build var *.egg-info
