# Every target sets up what it needs first. The work itself is in scripts/.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format docs screenshots bench soak eval wheel lock clean

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

setup: ## create .venv from the lock (instant when nothing changed)
	@scripts/setup

demo: setup ## run the whole story on a temporary folder (make demo ARGS=--keep leaves it running)
	@.venv/bin/workspace-server demo $(ARGS)

test: setup ## every check: format, lint, types, layers, tests, coverage
	@scripts/check

lint: setup ## format, lint, types and layers only
	@scripts/lint

format: setup ## rewrite the code in the house format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

docs: setup ## write the tables of docs/ again from the code
	@.venv/bin/python scripts/reference.py

screenshots: setup ## play a scene in the web view and write its pictures into docs/images/
	@scripts/screenshots

bench: setup ## measure the speed and print it side by side (make bench ARGS="engine versions" measures parts)
	@scripts/bench $(ARGS)

soak: setup ## test under faults for a quarter of an hour (make soak ARGS="power --minutes 2"; some parts need root)
	@scripts/soak $(ARGS)

eval: setup ## ask the indexer every question of the evaluation (make eval ARGS=--misses names what was not found)
	@scripts/eval $(ARGS)

wheel: setup ## build the package into dist/, to be installed elsewhere
	@rm -rf build
	@.venv/bin/python -m build --no-isolation --wheel

lock: setup ## resolve the dependencies again (make lock ARGS=--upgrade takes newer versions)
	@scripts/lock $(ARGS)

clean: ## remove everything that was made, .venv included
	@scripts/clean
