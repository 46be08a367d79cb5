# `make help` lists the targets. Nothing is written outside this tree but by `install` and into the caches of Go, pip and golangci-lint.
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

GO      ?= go
PYTHON  ?= python3
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
# Where `make demo` mounts; empty: a fresh directory under $TMPDIR.
MNT     ?=
# Which Go packages `make test` and `make bench-go` run.
PKGS    ?= ./...

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BINARY  := bin/openbisfs
TOOLS   := $(CURDIR)/bin/tools
VENV    := bin/venv
# What the bench compares with, and with what it measures; modules of their own.
PEERS   := $(addprefix bin/bench/,rclone fileserver proxy floor)

# Each tool lives in a directory that carries its version: a new version here is built at the next use.
GOLANGCI_LINT := $(TOOLS)/golangci-lint@v2.15.0/golangci-lint
GOVULNCHECK   := $(TOOLS)/govulncheck@v1.8.0/govulncheck

##@ Use
.PHONY: build demo install
build: ## build bin/openbisfs, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BINARY) ./cmd/openbisfs

demo: deps-demo build ## mount the built-in lab (MNT=DIR says where) and tell what to try; Ctrl-C ends it
	@exec $(BINARY) demo $(MNT)

install: build ## install the binary and the links for mount(8), keep updatedb out (PREFIX, DESTDIR, BINDIR, SBINDIR)
	install -D -m 0755 $(BINARY) $(DESTDIR)$(BINDIR)/openbisfs
	install -d $(DESTDIR)$(SBINDIR)
	ln -sfr $(DESTDIR)$(BINDIR)/openbisfs $(DESTDIR)$(SBINDIR)/mount.openbisfs
	ln -sfr $(DESTDIR)$(BINDIR)/openbisfs $(DESTDIR)$(SBINDIR)/mount.fuse.openbisfs
	@# updatedb would list every mount each night.
	@conf=$(DESTDIR)/etc/updatedb.conf; \
	if [[ -w "$$conf" ]] && ! grep -q '^PRUNEFS.*fuse\.openbisfs' "$$conf"; then \
		sed -i 's/^\(PRUNEFS *= *"[^"]*\)"/\1 fuse.openbisfs"/' "$$conf"; \
	fi

##@ Check
.PHONY: ci test test-go faults check-oracle check-pybis check-programs check-writing apps bench bench-go
ci: lint test ## everything that has to hold before a change lands

test: deps test-go faults check-oracle check-pybis check-programs check-writing ## all tests: Go under the race detector, then the checks from outside

test-go: ## the Go tests only (PKGS=./meta/... narrows)
	CGO_ENABLED=1 $(GO) test -race -timeout 20m $(PKGS)

faults: ## the fault matrix: each call of an upload fails, the mount is killed, the disk is full
	$(GO) test -count=1 -timeout 15m -v -run '^TestFaultMatrix$$' ./fs | grep -v -e '^=== ' -e '^ *--- PASS'

check-oracle: build ## the mounted tree equals what an independent client computes
	.ci/checks/oracle.sh $(BINARY)

check-pybis: build $(VENV)/.done ## unmodified pyBIS reads from the simulator what the mount shows
	PYTHON=$(CURDIR)/$(VENV)/bin/python .ci/checks/pybis.sh $(BINARY)

check-programs: build $(VENV)/.done ## real programs read on the mount what they read on a copy
	PYTHON=$(CURDIR)/$(VENV)/bin/python .ci/checks/programs.sh $(BINARY)

check-writing: build $(VENV)/.done ## what real programs save is what pyBIS downloads
	PYTHON=$(CURDIR)/$(VENV)/bin/python .ci/checks/writing.sh $(BINARY)

apps: deps-apps build $(VENV)/.done ## the same with emacs, LibreOffice and what file managers do, which are large to install
	PYTHON=$(CURDIR)/$(VENV)/bin/python .ci/checks/apps.sh $(BINARY)

# BENCH=quick is smaller, BENCH_OUT=FILE keeps the tables, BENCH_CASES="random first" and BENCH_RUNS=N narrow: see .ci/bench/README.md.
bench: deps-bench build $(PEERS) ## measure beside rclone and sshfs, in 15 minutes (BENCH=quick: 5; BENCH_OUT=FILE)
	$(PYTHON) -B .ci/bench/bench.py $(BINARY) bin/bench

bench-go: ## Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem $(PKGS)

##@ Lint
.PHONY: lint lint-format lint-vet lint-golangci lint-vulnerabilities
lint: lint-format lint-vet lint-golangci lint-vulnerabilities ## gofmt, go vet, go.mod, golangci-lint, govulncheck

lint-format:
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [[ -n "$$unformatted" ]]; then echo "not formatted (run gofmt -w on them):" $$unformatted >&2; exit 1; fi

lint-vet:
	$(GO) vet ./...
	$(GO) mod verify
	$(GO) mod tidy -diff

lint-golangci: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) run --allow-parallel-runners

# The vulnerability database is on the internet: a machine that does not reach it says so, and the other checks still count.
lint-vulnerabilities: $(GOVULNCHECK)
	@if output=$$($(GOVULNCHECK) ./... 2>&1); then echo "$$output"; \
	elif grep -q 'fetching vulnerabilities' <<<"$$output"; then \
		echo "NOT CHECKED for known vulnerabilities: the database cannot be reached from here"; echo "$$output"; \
	else echo "$$output" >&2; exit 1; fi

##@ Rest
.PHONY: deps deps-demo deps-apps deps-bench tools clean help
deps: ## install, or name, the programs that the tests need
	@.ci/setup test

deps-demo:
	@.ci/setup demo

deps-apps:
	@.ci/setup apps

deps-bench:
	@.ci/setup bench

$(PEERS): bin/bench/%: $(wildcard .ci/bench/peers/*/*.go) .ci/bench/peers/go.mod
	CGO_ENABLED=0 $(GO) build -C .ci/bench/peers -trimpath -ldflags '-s -w' -o $(CURDIR)/$@ ./$*

tools: $(GOLANGCI_LINT) $(GOVULNCHECK) ## build the pinned lint tools into bin/tools

$(GOLANGCI_LINT):
	CGO_ENABLED=0 GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

$(GOVULNCHECK):
	CGO_ENABLED=0 GOBIN=$(@D) $(GO) install golang.org/x/vuln/cmd/govulncheck@v1.8.0

$(VENV)/.done: .ci/requirements.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r .ci/requirements.txt
	touch $@

clean: ## remove everything that was built
	rm -rf bin

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
