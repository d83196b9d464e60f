# How are the connectors built that are modules of their own?
#
# faiss_fdw and hdf5_fdw read and write files.  Their modules need no library;
# what needs one is a helper program, built where the library's headers are.

MODULES_APART = faiss hdf5
MODULE_CORE = $(addprefix src/batch/,batch.c error.c mem.c option.c) $(sort $(wildcard src/file/*.c))
module_objects = $(patsubst %.c,build/apart/%.o,$(MODULE_CORE) $(sort $(wildcard src/connector/$(1)/*.c)))
module_file = milvus_fdw_$(1).so

MODULE_FILES = $(foreach m,$(MODULES_APART),$(call module_file,$(m)))

# ------------------------------------------------------------- helper programs

PROGRAM_CORE = src/batch/batch.c src/batch/mem.c $(sort $(wildcard src/file/program/*.c))
HDF5_PC := $(firstword $(foreach p,hdf5-serial hdf5,$(shell pkg-config --exists $(p) && echo $(p))))
HAVE_FAISS := $(shell $(CXX) -std=c++17 -include faiss/index_io.h -include faiss/c_api/Index_c.h -x c++ -E /dev/null >/dev/null 2>&1 && echo yes)
HAVE_FAISS_C := $(if $(HAVE_FAISS),$(shell echo 'int main(void){return 0;}' | $(CC) -x c - -lfaiss_c -o /dev/null 2>/dev/null && echo yes))
BLAS := $(shell pkg-config --exists openblas && pkg-config --libs openblas || echo -llapack -lblas)

PROGRAMS_APART = $(if $(HDF5_PC),milvus_fdw_hdf5_helper) $(if $(HAVE_FAISS),milvus_fdw_faiss_helper)
PROGRAM_FLAGS = -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wno-sign-compare -ffp-contract=off -I$(srcdir) -I$(srcdir)/src/include -fstack-protector-strong -D_FORTIFY_SOURCE=2

all: $(MODULE_FILES) $(PROGRAMS_APART)

# a sum of a product is rounded as it is written
build/apart/%.o: %.c
	@mkdir -p $(dir $@)
	$(CC) $(CPPFLAGS) $(CFLAGS) -ffp-contract=off $(CFLAGS_SL) -c -o $@ $<

$(foreach m,$(MODULES_APART),$(call module_objects,$(m))): $(wildcard src/include/*.h src/file/*.h src/connector/*/*.h)

milvus_fdw_%.so: src/exports.map
	$(CC) $(CFLAGS) -shared -o $@ $(filter %.o,$^) $(LDFLAGS) -Wl,-Bsymbolic -Wl,--version-script=src/exports.map -Wl,-soname,$@ -Wl,--as-needed -lm
milvus_fdw_faiss.so: $(call module_objects,faiss)
milvus_fdw_hdf5.so: $(call module_objects,hdf5)

milvus_fdw_hdf5_helper: $(PROGRAM_CORE) $(sort $(wildcard src/connector/hdf5/program/*.c)) \
		$(wildcard src/file/*.h src/file/program/*.h src/connector/hdf5/program/*.h src/include/*.h)
	$(CC) $(PROGRAM_FLAGS) $(shell pkg-config --cflags $(HDF5_PC)) -o $@ $(filter %.c,$^) \
		-Wl,--as-needed $(shell pkg-config --libs $(HDF5_PC)) -lm

FAISS_PROGRAM = src/connector/faiss/program
milvus_fdw_faiss_helper: $(PROGRAM_CORE) src/connector/faiss/scalar.c $(sort $(wildcard $(FAISS_PROGRAM)/*.c $(FAISS_PROGRAM)/*.cpp)) \
		$(wildcard src/file/*.h src/file/program/*.h src/connector/faiss/*.h $(FAISS_PROGRAM)/*.h src/include/*.h)
	@mkdir -p build/apart/$(FAISS_PROGRAM)
	set -e; for f in $(filter %.c,$^); do \
		$(CC) $(PROGRAM_FLAGS) -c -o build/apart/$(FAISS_PROGRAM)/$$(basename $$f .c).o $$f; done
	set -e; for f in $(filter %.cpp,$^); do \
		$(CXX) -std=c++17 $(PROGRAM_FLAGS) $(if $(HAVE_FAISS_C),-DMF_HAVE_FAISS_C) -fopenmp -c \
			-o build/apart/$(FAISS_PROGRAM)/$$(basename $$f .cpp).o $$f; done
	$(CXX) -fopenmp -o $@ $(patsubst %,build/apart/$(FAISS_PROGRAM)/%.o,$(basename $(notdir $(filter %.c %.cpp,$^)))) \
		$(if $(HAVE_FAISS_C),-lfaiss_c) -lfaiss -Wl,--as-needed $(BLAS) -lm

install: install-apart
.PHONY: install-apart
install-apart: $(MODULE_FILES) $(PROGRAMS_APART)
	$(MKDIR_P) '$(DESTDIR)$(pkglibdir)'
	$(INSTALL_SHLIB) $(MODULE_FILES) '$(DESTDIR)$(pkglibdir)/'
	$(if $(strip $(PROGRAMS_APART)),$(INSTALL_PROGRAM) $(PROGRAMS_APART) '$(DESTDIR)$(pkglibdir)/')

# ----------------------------------------------------------------------- fuzzing

# The connectors under the sanitizers; the helpers as they are installed, with their limits.
FUZZ_SOURCES = $(sort $(wildcard src/batch/*.c src/file/*.c) $(filter-out %/module.c,$(wildcard src/connector/faiss/*.c src/connector/hdf5/*.c)))
FUZZ_OBJS = $(patsubst %.c,$(UNIT_DIR)/%.o,$(FUZZ_SOURCES))
FUZZ_FILES ?= /tmp/milvus_fdw_fuzz
FUZZ_N ?= 10000
FUZZ_SEED ?= 1

$(FUZZ_OBJS): $(wildcard src/include/*.h src/file/*.h src/connector/*/*.h)
$(UNIT_DIR)/file_fuzz: test/fuzz/file_fuzz.c $(FUZZ_OBJS) $(PROGRAMS_APART)
	@mkdir -p $(dir $@)
	$(CC) $(UNIT_CFLAGS) -o $@ test/fuzz/file_fuzz.c $(FUZZ_OBJS) -lm
	$(if $(strip $(PROGRAMS_APART)),cp $(PROGRAMS_APART) $(UNIT_DIR)/)
unit-programs: $(UNIT_DIR)/file_fuzz

# make fuzz-files [FUZZ_N=10000] [FUZZ_SEED=1]: mutations of files that faiss-cpu and h5py write
.PHONY: fuzz-files
fuzz-files: $(UNIT_DIR)/file_fuzz
	rm -rf $(FUZZ_FILES) && mkdir -p $(FUZZ_FILES)/faiss $(FUZZ_FILES)/hdf5
	test/fuzz/seeds $(FUZZ_FILES)
	$(UNIT_DIR)/file_fuzz faiss $(FUZZ_N) $(FUZZ_SEED) $(FUZZ_FILES)/faiss/*.faiss
	$(UNIT_DIR)/file_fuzz hdf5 $(FUZZ_N) $(FUZZ_SEED) $(FUZZ_FILES)/hdf5/*.h*5
	rm -rf $(FUZZ_FILES)
