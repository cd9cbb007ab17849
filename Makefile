# make demo   the whole job on the synthetic scene, through QGIS Processing
# make test   all checks and tests
# make qgis   QGIS Desktop with the plugin and the demo scene
# make odd    the table of odd inputs: what is odd, and how it ended
# make screenshots  pictures of the whole loop in QGIS Desktop; those of the tutorial are renewed
# make bench  accuracy, speed and memory (long; see benchmarks/README.md)
# Everything installs what is missing: Debian packages, then the deep-learning runtime with pip.

SHELL := /bin/bash
# Waiting threads of torch sleep instead of spinning, as in the engine: tests run beside other processes.
export OMP_WAIT_POLICY := PASSIVE
# The Python that QGIS uses. `python3` on PATH may be another build without GDAL.
PYTHON := /usr/bin/python3
export LANDFUSE_HOME ?= $(HOME)/.cache/landfuse
RUNTIME := $(LANDFUSE_HOME)/runtime
RUN := $(RUNTIME)/bin/python
TOOLS := ruff==0.17.* mypy==2.4.* pytest==9.* pytest-qgis==5.* pytest-qt==4.* pytest-timeout==2.*
APT := qgis python3-qgis python3-gdal gdal-bin python3-venv python3-numpy python3-scipy xvfb xauth
QT_TESTS := tests/processing_provider tests/ui tests/desktop tests/test_plugin.py
OUT := demo
PLUGINS := $(LANDFUSE_HOME)/plugins

.PHONY: demo test odd qgis screenshots bench system runtime tools plugin lint clean

demo: runtime plugin
	QT_QPA_PLATFORM=offscreen QGIS_PLUGINPATH=$(PLUGINS) $(PYTHON) resources/demo/run_demo.py $(OUT)

# In two processes, as at work: QGIS never loads torch, and torch with Qt in one process has crashed.
test: tools plugin lint
	@failed=0; \
	$(RUN) -m pytest -p no:pytest_qgis -p no:pytest-qt $(addprefix --ignore=,$(QT_TESTS)) || failed=1; \
	QT_QPA_PLATFORM=offscreen $(RUN) -m pytest $(QT_TESTS) || failed=1; \
	exit $$failed

odd: runtime
	$(RUN) tests/odd_inputs/report.py

qgis: runtime plugin
	$(PYTHON) core/__main__.py demoscene $(OUT)/scene
	$(PYTHON) resources/demo/desktop_profile.py $(LANDFUSE_HOME)/profiles
	QGIS_PLUGINPATH=$(PLUGINS) LANDFUSE_DEMO=$(abspath $(OUT)) qgis --nologo --noversioncheck \
	    --profiles-path $(LANDFUSE_HOME)/profiles --code resources/demo/open_in_qgis.py

screenshots: runtime plugin
	QGIS_PLUGINPATH=$(PLUGINS) $(PYTHON) resources/help/make_pictures.py $(OUT)/screenshots

bench: tools
	$(RUN) benchmarks

lint: tools
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

# QGIS takes the name of a plugin from its folder; the checkout may have any name.
plugin:
	@mkdir -p $(PLUGINS) && ln -sfn $(CURDIR) $(PLUGINS)/landfuse

system:
	@missing=""; for p in $(APT); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q "ok installed" || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages:$$missing"; \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update -q && $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

runtime: system
	@$(PYTHON) core/__main__.py setup --if-needed --yes

tools: runtime
	@$(RUN) -c "import ruff, mypy, pytest_qgis, pytestqt, pytest_timeout" 2>/dev/null \
	    || $(RUN) -m pip install -q --constraint $(RUNTIME)/constraints.txt $(TOOLS)

clean:
	rm -rf demo .cache build dist *.egg-info
