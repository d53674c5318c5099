# The only door to tasks; the work itself is done by xtask, in Rust.

.DEFAULT_GOAL := help
.PHONY: help demo test check test-full night bench tidy page book screenshots deps tools

# Tasks run one after the other; cargo uses the cores.
.NOTPARALLEL:

help:
	@echo 'make demo             start everything on a simulated market; no account, key or database needed'
	@echo 'make demo DATA=DIR    the same, replaying the bars of a folder (csv, csv.gz, parquet)'
	@echo 'make demo FRESH=yes   forget what the last demo did'
	@echo 'make demo PAGE=no     without the dashboard page (no Node.js needed)'
	@echo 'make test             every test; ends with "N passed, N failed, N skipped"'
	@echo 'make check            format, lints, house rules, unit tests'
	@echo 'make test-full        make test, all pages in all sizes and colours, and an error where FSTS_TEST_DATA is not set'
	@echo 'make screenshots      pictures of every page in both languages, in target/screenshots'
	@echo 'make book             the handbook as web pages, in target/book (installs mdBook there)'
	@echo 'make night            make test with the long seeds'
	@echo 'make bench            the benchmarks; BENCH_DATA=DIR adds the workloads w2 and w7 (docs/benchmarks.md)'
	@echo 'make deps             install what the tests need (root on Debian), or print the line that does'

demo: tools
	@cargo xtask demo $(if $(filter no,$(PAGE)),--no-page) $(if $(DATA),--data '$(DATA)') $(if $(FRESH),--fresh)

test: tools
	@cargo xtask test-all

check: tools
	@cargo xtask check

tidy: tools
	@cargo xtask tidy

page: tools
	@cargo xtask page

book: tools
	@cargo xtask book

screenshots: tools
	@cargo xtask screenshots

deps: tools
	@cargo xtask deps test

test-full: tools
	@test -d "$$FSTS_TEST_DATA" || { echo 'FSTS_TEST_DATA must name the folder with the test data'; exit 1; }
	@FSTS_FULL=1 cargo xtask test-all

night: tools
	@FSTS_NIGHT=1 cargo xtask test-all

bench: tools
	@cargo xtask bench

# Without a compiler and a linker xtask can't be built, so these two are looked for here.
tools:
	@command -v cargo >/dev/null || { echo 'Rust is missing: install rustup, see https://rustup.rs'; exit 1; }
	@command -v cc >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q build-essential; \
	else echo 'A C compiler is missing. Install with:'; echo '  sudo apt-get install -y build-essential'; exit 1; fi
