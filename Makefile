# Kanda. One word does one thing; the work itself is in util/.

MAKEFLAGS += --no-print-directory

BUILD   ?= $(CURDIR)/build
TREE    ?= /usr/share/nginx/src
SECONDS ?= 20

OBJS    := $(BUILD)/objs
NAME    := ngx_http_kanda_module.so
ASAN    := $(BUILD)/asan
PARTS    = $(wildcard config config.make ngx_http_kanda_module.c src/*/*.[ch] \
                      src/store/scripts/*)

all:                    # the module, for the nginx that is installed
	@mkdir -p $(BUILD)
	@flock $(BUILD)/lock $(MAKE) -j$$(nproc) module

deps:                   # what building and testing need, from Debian
	@util/deps build test browser

run:                    # a service to try, on 127.0.0.1:8080
	@util/deps build run
	@$(MAKE) -s all
	@util/run $(BUILD)

test: deps all core     # everything there is to test, in five minutes
	@util/test $(BUILD)

test-long: export KANDA_TEST_LONG = 1
test-long: test         # the same with all rounds: races, soak, statistics

test-asan:              # the same under AddressSanitizer and UBSan
	@util/deps build test browser asan
	@util/asan $(ASAN)
	@$(MAKE) -j$$(nproc) -C t/core BUILD=$(ASAN)/core SAN=1 all
	@util/test $(ASAN)

shots: export KANDA_SHOTS = $(BUILD)/shots
shots: deps all         # pictures of the pages, as the browser tests see them
	@mkdir -p $(KANDA_SHOTS)
	@util/test $(BUILD) t/browser/*.t

drills: deps all        # what goes wrong, ROUNDS times each, and a table
	@util/drill $(BUILD) run $(ONLY)

soak: deps all          # a mixed load for an hour, and what grows
	@SECONDS=$(if $(filter file,$(origin SECONDS)),3600,$(SECONDS)) \
	    util/drill $(BUILD) soak

fuzz:                   # libFuzzer on the pure core, SECONDS for each
	@util/deps build fuzz
	@$(MAKE) -C t/fuzz BUILD=$(BUILD)/fuzz run SECONDS=$(SECONDS)

bench: deps all         # figures beside their yardsticks
	@util/deps bench
	@t/bench/run

lint:                   # what static analysers say
	@util/lint

format:                 # blanks, tabs, long lines
	@util/format

clean:                  # everything that was built
	rm -rf $(BUILD)

help:                   # this list
	@sed -n 's/^\([a-z-]*\):.*#  *\(.*\)/  \1 - \2/p' Makefile

# below: steps of the above

core:
	@$(MAKE) -j$$(nproc) -C t/core BUILD=$(BUILD)/core all

module: $(OBJS)/Makefile
	@$(MAKE) -C $(TREE) -f $(OBJS)/Makefile modules
	@cmp -s $(OBJS)/$(NAME) $(BUILD)/$(NAME) \
	    || install -m 644 $(OBJS)/$(NAME) $(BUILD)/$(NAME)

# nginx's configure lists our files in its Makefile, so that a new file, not
# only a new rule, is a reason to run it again
$(OBJS)/Makefile: config $(wildcard config.make) $(wildcard util/conf*) \
                  $(BUILD)/parts
	@util/configure-debian $(TREE) $(OBJS)

$(BUILD)/parts: FORCE
	@echo '$(sort $(PARTS))' | cmp -s - $@ || echo '$(sort $(PARTS))' > $@

FORCE:

.NOTPARALLEL:

.PHONY: all deps run test test-long test-asan drills soak shots fuzz bench lint \
        format clean help core module FORCE
