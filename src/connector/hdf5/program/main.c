/*
 * main.c - What does libhdf5 do for hdf5_fdw, in a process of its own?
 *
 *   milvus_fdw_hdf5_helper describe
 *   milvus_fdw_hdf5_helper count PATH
 *   milvus_fdw_hdf5_helper read FIRST COUNT ROWS {KIND ELEM PATH}...
 *   milvus_fdw_hdf5_helper write COMPRESSION SHUFFLE PATH...
 * KIND and ELEM are numbers of batch.h: what the column is wanted as.  COUNT -1
 * is all rows; else the datasets must have ROWS of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "hdf5_program.h"

static char reason[512];

static herr_t
innermost(unsigned n, const H5E_error2_t *error, void *arg)
{
	/* walked from the inside: the first says most */
	if (reason[0] == '\0' && error->desc != NULL)
		snprintf(reason, sizeof(reason), "%s", error->desc);
	return 0;
}

const char *
hdf5_reason(void)
{
	reason[0] = '\0';
	(void) H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, NULL);
	return reason[0] ? reason : NULL;
}

/* Seconds of work, not of waiting, in which a sound file answers. */
#define PATIENCE 20

/* In some damaged files libhdf5 goes round in circles: SIGPROF ends it. */
void
hdf5_alive(void)
{
	struct itimerval timer = {.it_value = {.tv_sec = PATIENCE}};

	(void) setitimer(ITIMER_PROF, &timer, NULL);
}

static hid_t
open_file(void)
{
	hid_t		file = H5Fopen(FILE_NAME, H5F_ACC_RDONLY, H5P_DEFAULT);

	if (file < 0)
		program_fail("HV00L", hdf5_reason(), "the file is not a sound HDF5 file");
	return file;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	program_start();
	(void) H5dont_atexit();
	if (H5open() < 0)
		program_fail("HV000", NULL, "libhdf5 did not start");
	(void) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	/* no plugin is loaded because a file asks for it */
	(void) H5PLset_loading_state(0);
	if (strcmp(verb, "write") != 0)
		hdf5_alive();
	if (strcmp(verb, "describe") == 0)
		describe_file(open_file());
	else if (strcmp(verb, "count") == 0 && argc == 3)
		count_rows(open_file(), argv[2]);
	else if (strcmp(verb, "read") == 0 && argc > 5 && argc % 3 == 2)
		read_file(open_file(), atoll(argv[2]), atoll(argv[3]), atoll(argv[4]), (argc - 5) / 3, argv + 5);
	else if (strcmp(verb, "write") == 0 && argc > 4)
		write_file(atoi(argv[2]), strcmp(argv[3], "1") == 0, argc - 4, argv + 4);
	else
	{
		fprintf(stderr, "%s is run by milvus_fdw\n", argv[0]);
		return 2;
	}
	program_send(MF_FRAME_DONE, NULL, 0);
	_exit(0);
}
