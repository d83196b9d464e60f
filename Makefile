# How is milvus_fdw built, tested and shown?
#
#   make            build the extension            make demo   see it work
#   make install    put it into PostgreSQL         make test   every test
#   make bench      measure it                     make soak   N seconds of each random run, from SEED
#   make check-asan, check-assert                  make help   the rest

MODULE_big = milvus_fdw
EXTENSION = milvus_fdw
DATA = sql/install/milvus_fdw--0.1.0.sql
PGFILEDESC = "milvus_fdw - vector stores as foreign tables"

# what another extension needs to add a remote
HEADERS_milvus_fdw = $(addprefix src/include/,connector.h batch.h filter.h mf_error.h mf_mem.h)

# .proto -> C, by protobuf-c; under its own flags, never committed
PROTO_C = src/connector/milvus1/milvus1.pb-c.c src/connector/milvus2/milvus.pb-c.c
PROTO_H = $(PROTO_C:.c=.h)

SOURCES = milvus_fdw.c $(filter-out $(PROTO_C),$(sort $(wildcard \
	src/batch/*.c src/fdw/*.c src/qual/*.c src/value/*.c src/net/*.c src/json/*.c src/sqlfn/*.c \
	src/connector/*.c $(filter-out src/connector/faiss/% src/connector/hdf5/%,$(wildcard src/connector/*/*.c)) \
	src/bulk/*.c src/bulk/*/*.c)))
OBJS = $(SOURCES:.c=.o) $(PROTO_C:.c=.o)

LIBRARIES = grpc libprotobuf-c libcurl jansson sqlite3 libmariadb libzstd snappy zlib
# asked once: gRPC's answer takes pkg-config a third of a second
LIBRARY_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES))
LIBRARY_LIBS := $(shell pkg-config --libs $(LIBRARIES)) -lcrypto -lpthread -lm
PG_CPPFLAGS = -I$(srcdir) -I$(srcdir)/src/include -I$(srcdir)/src/net -I$(srcdir)/src/json \
	-I$(srcdir)/src/fdw -I$(srcdir)/src/connector $(LIBRARY_CFLAGS)
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wno-sign-compare
SHLIB_LINK = -Wl,--as-needed $(LIBRARY_LIBS) \
	-Wl,-Bsymbolic -Wl,--version-script=$(srcdir)/src/exports.map

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --encoding=UTF8 --no-locale --load-extension=milvus_fdw --load-extension=milvus_fdw_test

EXTRA_CLEAN = build milvus_fdw_faiss_helper milvus_fdw_hdf5_helper milvus_fdw_faiss.so milvus_fdw_hdf5.so $(PROTO_C) $(PROTO_H) test/unit/build $(wildcard test/module/*.o test/module/*.so)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
# a JIT copy of code that waits for networks gains nothing
override with_llvm = no
include $(PGXS)

src/connector/%.pb-c.c src/connector/%.pb-c.h: src/connector/%.proto
	cd $(dir $<) && protoc-c --c_out=. $(notdir $<)

$(PROTO_C:.c=.o): CFLAGS := $(filter-out -Werror -Wextra,$(CFLAGS))
$(filter src/connector/%.o,$(OBJS)): $(PROTO_H)
$(OBJS): $(wildcard src/include/*.h src/*/*.h src/connector/*/*.h src/bulk/*/*.h)

# ---------------------------------------------------------------------- tests

UNIT_DIR = test/unit/build
UNIT_CFLAGS = -g -O1 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wno-sign-compare -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	$(filter -I%,$(PG_CPPFLAGS)) -I$(srcdir)/test/unit
# what runs without PostgreSQL, which is all that connectors and transports are
UNIT_SOURCES = $(sort $(wildcard src/batch/*.c src/file/*.c src/net/*.c src/json/*.c $(filter-out src/connector/faiss/% src/connector/hdf5/%,$(wildcard src/connector/*/*.c)) \
	src/bulk/format/*.c src/bulk/store/*.c)) $(PROTO_C)
UNIT_OBJS = $(patsubst %.c,$(UNIT_DIR)/%.o,$(sort $(UNIT_SOURCES)))
# those that drive a connector against its real server run with the TAP files
SERVER_PROGRAMS = $(addprefix $(UNIT_DIR)/,es_scan es_filter milvus2_server milvus2_write milvus2_filter)
UNIT_PROGRAMS = $(filter-out $(SERVER_PROGRAMS),$(patsubst test/unit/%.c,$(UNIT_DIR)/%,\
	$(filter-out %_bench.c,$(wildcard test/unit/*.c))))

.PHONY: test demo bench soak check-asan check-assert check-unit check-connectors unit-programs test-module install-test-module help

test:
	test/run
demo:
	test/demo
bench:
	test/bench/run
soak:
	test/soak/run $(THEMES)
# pg_regress in a PostgreSQL that checks itself
check-asan check-assert: check-%:
	test/checked $*

# a remote of its own, which installcheck needs in PostgreSQL
test-module:
	$(MAKE) -C test/module PG_CONFIG=$(PG_CONFIG)
install-test-module:
	$(MAKE) -C test/module install PG_CONFIG=$(PG_CONFIG)

$(UNIT_OBJS): $(wildcard src/include/*.h src/*/*.h src/connector/*/*.h src/bulk/*/*.h)

unit-programs: $(UNIT_PROGRAMS) $(SERVER_PROGRAMS)

# TAP; under the address and undefined-behaviour sanitizers
check-unit: $(UNIT_PROGRAMS)
	@$(call run_programs,$^)
check-connectors: $(SERVER_PROGRAMS)
	@$(call run_programs,$^)
run_programs = for program in $(1); do echo "\# $$program"; \
	LSAN_OPTIONS=suppressions=test/unit/lsan.supp:print_suppressions=0 $$program || status=1; done; exit $${status:-0}

$(UNIT_DIR)/%.o: %.c $(PROTO_H)
	@mkdir -p $(dir $@)
	$(CC) $(if $(findstring .pb-c.c,$<),$(filter-out -Werror -Wextra,$(UNIT_CFLAGS)),$(UNIT_CFLAGS)) -c -o $@ $<
$(UNIT_DIR)/%: test/unit/%.c $(UNIT_OBJS)
	@mkdir -p $(dir $@)
	$(CC) $(UNIT_CFLAGS) -o $@ $^ $(LIBRARY_LIBS)

include src/connector/module.mk

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make test TESTS='test/t/010_x.pl'   some TAP files;  make test ONLY=unit|regress|tap   one part"
