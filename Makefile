# Two commands do all the set-up: `make run` and `make test`.

CARGO ?= cargo
DIR ?= run
DOMAIN ?= trade.test
PORT_BASE ?= 10000

.PHONY: run build test lint docs bench clean toolchain peers

## Builds, starts the server on the embedded store with a demo company, prints addresses, sign-ins and what is missing.
run: build
	target/release/tradewind quickstart --dir $(DIR) --domain $(DOMAIN) --port-base $(PORT_BASE)

build: toolchain
	$(CARGO) build --release --locked --package tradewind

## Installs what the tests need and runs them all.
test: toolchain peers
	$(CARGO) build --locked --package tradewind
	$(CARGO) nextest run --locked --workspace

## What CI checks before the tests.
lint: toolchain
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) xtask tidy

## Speed, side by side with Postfix and Dovecot; wants an idle machine. Figures: docs/benchmarks.md.
bench: build peers
	$(CARGO) run --release --locked --package bench -- compare

docs: toolchain
	command -v mdbook >/dev/null || $(CARGO) install --locked mdbook
	mdbook build docs

toolchain:
	@tools/install toolchain

peers:
	@tools/install peers

clean:
	$(CARGO) clean
