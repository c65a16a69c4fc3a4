# `make run` and `make test` set themselves up; nothing is needed but Python 3.11+, git and make.
.PHONY: help run test demo bench soak torture flood lint container mutate-record mutants install uninstall fuzz \
	dashboards grafana-smoke grafana-render grafana-images site-images catalogues bench-figures bench-alerts \
	bench-follow federation \
	replay replay-pywb
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile

# A stamp is older than its locks when these have changed; then the set-up is done again.
.venv/run: scripts/setup pyproject.toml requirements.lock requirements-build.lock
	@scripts/setup requirements.lock
	@touch $@

.venv/dev: scripts/setup pyproject.toml requirements-dev.lock requirements-build.lock
	@scripts/setup requirements-dev.lock
	@touch $@ .venv/run

run: .venv/run ## the service on the real list, http://127.0.0.1:8600
	.venv/bin/vigie run

demo: .venv/run ## the service on simulated State sites, outages included
	.venv/bin/vigie demo

test: .venv/dev ## every test but those of the image; loopback only
	@scripts/packages test
	.venv/bin/pytest -q -n 4 --dist worksteal

container: .venv/dev ## the image, and the documents typed on an empty Debian (root)
	@scripts/packages container
	.venv/bin/pytest -q -m container tests/container

lint: .venv/dev ## style, types, direction of imports, Dockerfile
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/hadolint Dockerfile

install: .venv/run ## the service of systemd, its user and its folders; upgrades it too (root)
	@scripts/install

uninstall: ## take the service away; PURGE=yes for the record and the settings too (root)
	@scripts/install $(if $(filter yes,$(PURGE)),--purge,--remove)

dashboards: .venv/dev ## write the dashboards of Grafana again, grafana/dashboards/
	.venv/bin/python -W ignore -m grafana.build

grafana-smoke: ## docker compose up, then ask Grafana for each dashboard and panel (internet)
	docker compose up --detach --wait
	scripts/grafana-smoke

bench: .venv/run ## cost of a check; BENCH="--targets 1000 --seconds 600" for more
	.venv/bin/python -m bench $(BENCH)

bench-peers: .venv/run ## beside blackbox_exporter and Prometheus; PEERS="--targets 200 --rounds 1 --token" for less
	@scripts/packages peers
	.venv/bin/python -m bench.peers $(PEERS)

bench-figures: .venv/dev ## cost of figures on a year, on 200 targets, on five years; STORES="year month"
	.venv/bin/python -m bench.figures $(STORES)

bench-alerts: .venv/dev ## alerts with 10,000 subscribers; delay of a mail; ALERTS="--subscribers 1000 --mails 100" for less
	.venv/bin/python -W ignore -m bench.alerts $(ALERTS)

soak: .venv/run ## whether the service grows over 30 minutes; SOAK="--minutes 5" for less
	.venv/bin/python -m bench.soak $(SOAK)

bench-follow: .venv/dev ## follow a journal of 20,000 leaves; FOLLOW="--leaves 100000 --http" for more
	.venv/bin/python -W ignore -m bench.follow $(FOLLOW)

federation: .venv/dev ## three points and a reader over HTTP on this machine: what the reader says of each
	.venv/bin/python -W ignore -m bench.federation

torture: .venv/run ## kill it with -9, 300 times; TORTURE="--kills 6 --seed 3" for less
	.venv/bin/python -m bench.torture $(TORTURE)

flood: .venv/run ## attack its pages; FLOOD="--seconds 10 idle slow" for less
	.venv/bin/python -m bench.flood $(FLOOD)

catalogues: .venv/dev ## new messages into the catalogues of English and Arabic, to be translated
	.venv/bin/python -W ignore -m tests.translations.messages

mutate-record: .venv/dev ## change a record 100,000 times: all must be refused; MUTATIONS="2000 seed"
	.venv/bin/python -m tests.evidence.mutants $(or $(MUTATIONS),100000)

mutants: .venv/dev ## change the logic of the core: do its tests see it? MUTANTS="50 7 --in text" for less
	.venv/bin/python -m tests.mutation $(MUTANTS)

fuzz: .venv/dev ## hostile sites and a hostile network around the service; FUZZ="--seconds 60 --seed 7"
	.venv/bin/python -m tests.fuzz.live $(FUZZ)

# The packages of the front end, by version and hash, of whichever registry npm is set to; a stamp is
# older than their lock when this has changed.
grafana/render/node_modules/.vigie: grafana/render/package.json grafana/render/package-lock.json
	cd grafana/render && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund
	@touch $@

grafana-render: .venv/dev grafana/render/node_modules/.vigie ## draw the dashboards of Grafana in Chromium; pictures in GRAFANA_RENDER=build/grafana
	@scripts/packages render
	GRAFANA_RENDER=$(or $(GRAFANA_RENDER),build/grafana) .venv/bin/pytest -q tests/grafana/rendering.py

grafana-images: grafana-render ## the pictures of docs/grafana.md, from those of grafana-render
	@mkdir -p docs/images
	@for board in communs-vue-ensemble sqlite-prefectures sqlite-incident communs-avant-apres; do \
		cp $(or $(GRAFANA_RENDER),build/grafana)/$$board-light-1280-screen.png \
			docs/images/grafana-$${board#*-}.png; \
	done

# The program that opens bundles, by version and hash, of whichever registry npm is set to. Of all its
# files two are needed, which its publisher has built; no script of the package is run.
REPLAY := build/replaywebpage
$(REPLAY)/package/sw.js: tests/dossier/replaywebpage.sha256
	@mkdir -p $(REPLAY)
	cd $(REPLAY) && npm pack --silent replaywebpage@2.5.3
	cd $(REPLAY) && sha256sum --check --quiet $(CURDIR)/$<
	tar -xzf $(REPLAY)/replaywebpage-2.5.3.tgz --touch -C $(REPLAY) package/ui.js package/sw.js

replay: $(REPLAY)/package/sw.js ## ReplayWeb.page, for the test that opens a bundle in it

build/pywb/.vigie: tests/dossier/pywb.lock
	python3 -m venv --clear build/pywb
	build/pywb/bin/pip install --quiet --require-hashes -r $<
	@touch $@

replay-pywb: .venv/dev build/pywb/.vigie ## serve a bundle with pywb, which has an environment of its own
	PYWB=build/pywb/bin .venv/bin/pytest -q tests/dossier/pywb_serving.py

site-images: .venv/dev ## the pictures of the site in README.md and LISEZMOI.md, of a made-up day
	@scripts/packages test
	.venv/bin/python -W ignore -m tests.web.browser.site_images docs/images
