# Two commands set everything up and do nothing twice:
#   make chat ARGS='"Give me three titles for a story about a lighthouse"'
#   make test
# CMAKE_ARGS goes to the build of llama.cpp: make clean chat CMAKE_ARGS=-DGGML_CUDA=on

PYTHON ?= python3
BIN := .venv/bin
CHAT_READY := .venv/.chat-ready
DEV_READY := .venv/.dev-ready

# A wheel that pip kept was built for other arguments.
PIP_FLAGS := $(if $(CMAKE_ARGS),--no-cache-dir)

.PHONY: chat test soak lint format docs pictures bench clean

chat: $(CHAT_READY)
	@$(BIN)/chat $(ARGS)

test: $(DEV_READY)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

soak: $(DEV_READY)
	@$(BIN)/python -m pytest -m soak $(ARGS)

lint: $(DEV_READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(DEV_READY)
	$(BIN)/chat --man > docs/chat.1
	$(BIN)/python -m tui.commands.page > docs/commands.md

pictures: $(DEV_READY)
	PYTHONPATH=tests $(BIN)/python tests/app_pictures.py docs/pictures

bench: $(DEV_READY)
	$(BIN)/python benchmarks/first_byte.py
	$(BIN)/python benchmarks/startup.py

clean:
	rm -rf .venv dist

$(CHAT_READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "Python 3.10 or newer is needed: make chat PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Setting up .venv. The first time this compiles llama.cpp: about 8 minutes on 2 cores." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@( while sleep 30; do echo "  … still at it" >&2; done ) & beat=$$!; \
		$(BIN)/python -m pip install --quiet $(PIP_FLAGS) --editable '.[starter]' >&2; \
		code=$$?; kill $$beat; exit $$code
	@touch $@

$(DEV_READY): pyproject.toml $(CHAT_READY)
	@$(BIN)/python -m pip install --quiet --editable '.[documents]' --group dev >&2
	@touch $@
