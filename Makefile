# SPDX-License-Identifier: Apache-2.0
# Hull: one command for everything. `make help` prints the lines marked with ##.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-clients build bench generate format lint deps clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:  ## Install what is needed, build, start hulld, make an image and run a container from it
	@scripts/run

test:  ## Install what is needed, build and run every test
	@scripts/test all

test-unit:  ## Only the Swift tests
	@scripts/test unit

test-clients:  ## Only the end-to-end tests; choose some with ARGS='test_exec.py -k tty'
	@scripts/test clients $(ARGS)

build:  ## Put release binaries into bin/
	@scripts/build

bench:  ## Measure the promises beside Debian's docker.io and runc
	@scripts/bench $(ARGS)

generate:  ## Write the messages of BuildKit's protocol anew from their definitions
	@scripts/generate

format:  ## Rewrite the Swift sources in the project's format
	@scripts/format

lint:  ## Fail when a source differs from the project's format
	@scripts/lint

deps:  ## Install everything the targets above need
	@scripts/install-dependencies build test run

clean:  ## Remove what the targets above have made in this folder
	rm -rf .build .venv bin
	find Tests Benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
