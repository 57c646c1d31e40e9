# Verbs.  The build itself is meson.build; this calls it.
#   make              builds into build/; the command is build/handfast
#   make check        installs what the tests need, runs all, says what happened
#   make check ARGS='--suite base'
#   make demo bench fuzz proofs mutants planted ct coverage analyze tsan tidy format install clean
#   make soak                         a night of all that; goes on where it was stopped
#   make bogo BORINGSSL=dir GO=go     BoringSSL's conformance tests
#   make limbo LIMBO=limbo.json       C2SP/x509-limbo
#   make bettertls BETTERTLS=file     Netflix's bettertls, as exported
#   make pkits PKITS=dir              NIST's PKITS, unpacked
BUILD ?= build
ARGS ?=
PREFIX ?= /usr/local
LIBDIR ?= lib
CONFIGURE = meson setup $(BUILD) --prefix $(PREFIX) --libdir $(LIBDIR)

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja: | ready
	@$(CONFIGURE) >/dev/null || $(CONFIGURE)

# Is there what it takes to build?  If not, the one line to type.
ready:
	@for tool in meson ninja $(CC) pkg-config; do \
	    command -v $$tool >/dev/null || missing=1; done; \
	printf '#include <stdio.h>\n#include <openssl/evp.h>\n' | \
	    $(CC) -E - >/dev/null 2>&1 || missing=1; \
	[ -z "$$missing" ] || { \
	    echo "something to build with is missing.  As root, type:"; \
	    echo "    apt-get update && apt-get install -y" \
	        "$$(sh scripts/deps.sh --list build)"; exit 1; }

check:
	@sh scripts/check.sh -b $(BUILD) $(ARGS)
bench: all
	@sh scripts/bench.sh -b $(BUILD) $(ARGS)
bogo: $(BUILD)/build.ninja
	@sh scripts/bogo.sh -b $(BUILD) $(ARGS)
limbo: $(BUILD)/build.ninja
	@sh scripts/limbo.sh -b $(BUILD) limbo "$(LIMBO)" $(ARGS)
bettertls: $(BUILD)/build.ninja
	@sh scripts/limbo.sh -b $(BUILD) bettertls "$(BETTERTLS)" $(ARGS)
pkits: $(BUILD)/build.ninja
	@sh scripts/limbo.sh -b $(BUILD) pkits "$(PKITS)" $(ARGS)
fuzz:
	@sh scripts/fuzz.sh $(ARGS)
demo:
	@./demo
proofs:
	@python3 scripts/proofs.py $(ARGS)
mutants:
	@python3 scripts/mutants.py $(ARGS)
planted:
	@python3 scripts/planted.py -k $(BUILD)/planted $(ARGS)
soak: all
	@python3 scripts/soak.py -b $(BUILD) $(ARGS)
ct:
	@python3 scripts/ct.py $(ARGS)
coverage:
	@sh scripts/coverage.sh $(ARGS)
analyze:
	@sh scripts/analyze.sh $(BUILD)
tsan:
	@sh scripts/tsan.sh
tidy:
	@sh scripts/tidy.sh $(ARGS)
format:
	@sh scripts/format.sh --write
# A PREFIX that is said counts, though the build was set up with another.
SAID = $(if $(filter-out file,$(origin PREFIX)),--prefix $(PREFIX)) \
    $(if $(filter-out file,$(origin LIBDIR)),--libdir $(LIBDIR))
install: $(BUILD)/build.ninja
	@[ -z "$(strip $(SAID))" ] || meson configure $(BUILD) $(SAID)
	@ninja -C $(BUILD) --quiet
	@meson install -C $(BUILD) --no-rebuild $(ARGS)
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true
clean:
	@rm -rf $(BUILD)
.PHONY: all ready check bench bogo limbo bettertls pkits fuzz demo proofs mutants planted soak ct coverage analyze tsan tidy format install clean
