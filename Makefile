# The tools that the tests judge by come first, so that the versions are known.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
export CGO_ENABLED = 0

GO_FILES := go.mod go.sum $(shell find cmd trace depfile cache -name '*.go' -not -name '*_test.go')

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12

build: deptrace deptrace-remote ## build ./deptrace, and beside it what it starts to talk to a remote cache

deptrace deptrace-remote: $(GO_FILES)
	go build -trimpath -o $@ ./cmd/$@

demo: build ## trace a real compile and show its depfile and manifest
	@examples/demo

test: tools ## fetch what the tests need and run all of them
	go vet ./...
	go test -timeout 20m ./... # one package starts thousands of processes: 10 minutes are short on a busy machine

tools: ## fetch what the tests need and the machine lacks into .tools: programs, and sources to build
	@.ci/tools
	@.ci/bazel-remote

examples: build tools ## run examples/make and examples/ninja, print what was rebuilt, and play examples/ci
	go test -count=1 -v -run TestExamples ./cmd/deptrace

conformance: tools ## run the conformance suite and print its table, behaviour by engine
	go test -count=1 -v -run 'TestConformance$$' ./cmd/deptrace | grep -E '^ *(\||---? FAIL)' | sed 's/^ *|/|/'

mutants: tools ## take each row of the table of calls away in turn and print which tests notice
	go run .ci/mutants/main.go $(MUTANTS)

bench: tools ## compare the cost of watching with the floor, strace and others: BENCH=gcc,forks WITH=deptrace ROUNDS=5 SEED=1
	go run ./.ci/bench -bench '$(BENCH)' -with '$(WITH)' $(if $(ROUNDS),-rounds $(ROUNDS)) $(if $(SEED),-seed $(SEED))

bench-tools: ## fetch the other recorders that make bench compares with, where they can be had, into .tools
	@.ci/bench/tools

# In which two runs differ, and by how much, is benchstat's to say: make bench-go, keep
# .build/bench/go.txt, change something, make bench-go OLD=FILE.
COUNT = 10
bench-go: ## run the Go benchmarks COUNT times; OLD=FILE compares with the .build/bench/go.txt of an earlier run
	@mkdir -p .build/bench
	go test -run '^$$' -bench '$(or $(BENCH),.)' -count $(COUNT) ./... >.build/bench/go.txt
	$(if $(OLD),go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da $(OLD) .build/bench/go.txt,@cat .build/bench/go.txt)

lint: ## gofmt, vet on the systems that must build, staticcheck
	test -z "$$(gofmt -l .)"
	go vet ./...
	GOARCH=arm64 go vet ./...
	GOOS=darwin go vet ./...
	GOARCH=riscv64 go vet ./...
	go vet .ci/mutants/main.go
	go vet ./.ci/bench/...
	go run honnef.co/go/tools/cmd/staticcheck@v0.6.1 ./...

FUZZTIME = 10s
fuzz: ## run every fuzz target for FUZZTIME
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
		for t in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$f); do \
			echo "$$t in $$(dirname $$f)"; \
			go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) ./$$(dirname $$f) || exit 1; \
		done; \
	done

clean: ## remove what was built and fetched
	rm -rf deptrace deptrace-remote .tools .build
	go clean

.PHONY: help build demo test tools examples conformance mutants bench bench-tools bench-go lint fuzz clean
