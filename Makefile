# Two commands do all the set-up: `make run` and `make test`.

CARGO ?= cargo
DIR ?= run
DOMAIN ?= trade.test
PORT_BASE ?= 10000

# Where tools/install puts Node if the system's is too old.
export PATH := $(CURDIR)/target/node/bin:$(PATH)

.PHONY: run build web web-check test lint docs bench bench-at-rest bench-judged bench-web bench-lists bench-backup bench-moving kill-backups fuzz-api clean toolchain peers screenshots

## Builds, starts the server on the embedded store with a demo company, prints addresses, sign-ins and what is missing.
run: build
	target/release/tradewind quickstart --dir $(DIR) --domain $(DOMAIN) --port-base $(PORT_BASE)

build: toolchain web
	$(CARGO) build --release --locked --package tradewind

## Builds the web application into web/dist, from where it becomes part of the program.
web: web/dist/index.html

web/dist/index.html: web/node_modules/.package-lock.json web/index.html web/vite.config.ts $(shell find web/src web/public web/tools -type f)
	@test -d web/dist || touch crates/webapp/build.rs
	npm run --silent --prefix web build

web/node_modules/.package-lock.json: web/package-lock.json
	@tools/install web
	npm ci --prefix web --no-audit --no-fund --loglevel=error
	@touch $@

web-check: web/node_modules/.package-lock.json
	npm run --silent --prefix web check

## Installs what the tests need and runs them all. Programs and tests are built in one go: apart, sixty libraries would be built twice.
test: toolchain peers web
	npm run --silent --prefix web test
	$(CARGO) build --locked --workspace --bins --tests
	$(CARGO) nextest run --locked --workspace

## What CI checks before the tests.
lint: toolchain web-check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) xtask tidy

## Speed, side by side with Postfix and Dovecot; wants an idle machine. Figures: docs/benchmarks.md.
bench: build peers
	$(CARGO) run --release --locked --package bench -- compare

## What encryption at rest costs of a delivery; wants an idle machine. Figures: docs/benchmarks.md.
bench-at-rest: build
	$(CARGO) run --release --locked --package bench -- at-rest

## Realistic mail received with judging on and off; wants an idle machine.
bench-judged: build
	$(CARGO) run --release --locked --package tradegen -- make --seed 12 --out target/bench-mail
	$(CARGO) run --release --locked --package bench -- judged --mail target/bench-mail/messages

## Speed of backups with 100,000 messages, which take some 15 GB meanwhile; wants an idle machine.
bench-backup: build
	$(CARGO) run --release --locked --package bench -- backup

## Mail taken over from Dovecot, brought in and taken out in each form; wants an idle machine.
bench-moving: build peers
	$(CARGO) run --release --locked --package bench -- moving

## Servers killed at 100 random points while backups are taken, and brought back; takes some 20 minutes.
kill-backups: build
	TRADEWIND_KILLS=100 $(CARGO) test --release --locked -p tradewind-tests --test backup_kills -- --nocapture whenever

## Requests made from the description of the API, as four roles, for FUZZ_MINUTES minutes.
FUZZ_MINUTES ?= 10
fuzz-api: toolchain peers
	$(CARGO) build --locked --package tradewind
	TRADEWIND_FUZZ_MINUTES=$(FUZZ_MINUTES) $(CARGO) test --locked -p tradewind-tests --test openapi -- --ignored --nocapture minutes

## Speed of the web application in Chromium, with 100,000 messages in the inbox; wants an idle machine.
bench-web: build peers
	$(CARGO) run --release --locked --package bench -- web

## Long lists of the console with a million traces and 50,000 accounts, over HTTP; wants an idle machine.
bench-lists: build
	$(CARGO) run --release --locked --package bench -- lists

docs: toolchain
	command -v mdbook >/dev/null || $(CARGO) install --locked mdbook
	mdbook build docs

toolchain:
	@tools/install toolchain

peers:
	@tools/install peers

clean:
	$(CARGO) clean

## Pictures of the web application for the manual.
screenshots: web peers
	@tools/install fonts
	TRADEWIND_SCREENSHOTS=$(CURDIR)/docs/screenshots $(CARGO) nextest run --locked -p tradewind-tests -E 'binary(webmail) and test(screens_are_shown)'
