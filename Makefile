# Everything runs in .venv, which is made on first use. `make demo` and `make test` need nothing but Python 3.10+ and make.
PYTHON ?= python3
BIN := .venv/bin
# Software rendering (Mesa); the browser is for the report's tests alone.
GL_PACKAGES := libegl1 libgl1-mesa-dri
BROWSER_PACKAGES := chromium
DEMO := runs/demo

.PHONY: demo test check bench format clean system-gl system-browser

demo: .venv/installed system-gl
	$(BIN)/gsi-bench run --subset sim-tabletop --editor paste --limit 24 --out $(DEMO)

test: .venv/installed system-gl system-browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Blender is an extra of its own: without it its modules can't be imported for their doctests.
check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python .ci/check_sizes.py
	$(BIN)/python -m pytest -q --doctest-modules gsi_bench_hf --ignore=gsi_bench_hf/_evaluate_modules --ignore-glob="*/render_blender*"

bench: .venv/installed system-gl
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[all,dev]"
	touch $@

system-gl:
	@sh .ci/debian.sh "ldconfig -p | grep -q libEGL.so.1 && ls /usr/lib/*/dri/*swrast*.so /usr/lib/*/libgallium*.so 2>/dev/null | grep -q ." $(GL_PACKAGES)

system-browser:
	@sh .ci/debian.sh "command -v chromium || command -v chromium-browser || command -v google-chrome" $(BROWSER_PACKAGES)

clean:
	rm -rf .venv runs build dist .mypy_cache .ruff_cache .pytest_cache
