# Kanda. One word does each thing; the work is in util/.

BUILD  := $(CURDIR)/build
TREE   ?= /usr/share/nginx/src
MODULE := $(BUILD)/ngx_http_kanda_module.so
OBJS   := $(BUILD)/objs

all: $(OBJS)/Makefile
	@$(MAKE) --no-print-directory -C $(TREE) -f $(OBJS)/Makefile modules
	@cmp -s $(OBJS)/$(notdir $(MODULE)) $(MODULE) \
	    || install -m 644 $(OBJS)/$(notdir $(MODULE)) $(MODULE)

$(OBJS)/Makefile: config $(wildcard config.make) util/configure
	util/configure $(TREE) $(OBJS)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
