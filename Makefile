# The two commands: make run, make test. The rest is for those who work on it.

GO        ?= go
DATA      ?= ./data
export CGO_ENABLED = 0

.PHONY: run build test race night bench generate lint tools fmt clean

run:            ## serve a branch with made-up people at http://localhost:8080
	$(GO) run ./cmd/oduvan serve --demo --data $(DATA)

build:          ## one static binary: bin/oduvan
	$(GO) build -trimpath -ldflags='-s -w' -o bin/oduvan ./cmd/oduvan

test:           ## everything, on SQLite, PostgreSQL and in a browser
	@deploy/test/test

race:           ## the whole suite under the race detector (needs gcc)
	@deploy/test/race

night:          ## long runs: fuzzing, the race detector, many seeds
	@deploy/test/night

bench:          ## CPU per request beside a bare gin handler, queries per page, certificates on one core, and the search beside others
	$(GO) test -run '^$$' -bench . -benchtime 2s ./internal/app/
	$(GO) test -run '^$$' -bench . -benchtime 2s -cpu 1 ./internal/licence/cert/
	$(GO) run ./cmd/oduvan bench search --docs 10k

generate:       ## templ components to Go
	$(GO) tool templ generate -path web
	gofmt -w web

lint:
	$(GO) vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }

clean:
	rm -rf bin
