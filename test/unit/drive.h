/*
 * drive.h - How does a test drive a state machine without PostgreSQL?
 *
 * drive() is the core's wait in ten lines: step, poll() for what the step
 * waits for, step again.  With it a few lines of TAP, so that a test is one C
 * file.  Include it in exactly one file of a program.
 */
#ifndef DRIVE_H
#define DRIVE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <dirent.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "mf_error.h"

typedef MfStatus (*DriveStep) (void *arg, MfWaitFor *wait, MfError *err);

static inline double
drive_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1000.0 + (double) t.tv_nsec / 1e6;
}

/* Sleep, whatever signals come. */
static inline void
pause_ms(int ms)
{
	double		until = drive_now() + ms;

	while (drive_now() < until)
		usleep(1000);
}

/* Steps that the last drive() took: a busy loop shows here. */
static int	drive_steps __attribute__((unused));

/*
 * Step until it is no longer MF_WAIT, for at most limit_ms; after that MF_ERROR
 * with SQLSTATE 57014.  Never waits longer than 100 ms at a time, as the core.
 */
static inline MfStatus
drive(DriveStep step, void *arg, int limit_ms, MfError *err)
{
	double		until = drive_now() + limit_ms;

	for (drive_steps = 1;; drive_steps++)
	{
		MfWaitFor	wait = {-1, 0, -1, NULL};
		struct pollfd fd;
		MfStatus	status = step(arg, &wait, err);

		if (status != MF_WAIT)
			return status;
		if (drive_now() > until)
			return mf_error(err, MF_QUERY_CANCELED, "the step took longer than %d ms", limit_ms);
		fd.fd = wait.fd;
		fd.events = wait.events;
		poll(&fd, wait.fd >= 0 ? 1 : 0, wait.timeout_ms >= 0 && wait.timeout_ms < 100 ? wait.timeout_ms : 100);
	}
}

/* ----------------------------------------------------------------------- TAP */

static int	tap_count __attribute__((unused));
static int	tap_failed __attribute__((unused));

static inline bool __attribute__((format(printf, 2, 3)))
ok(bool good, const char *fmt,...)
{
	va_list		args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failed += !good;
	return good;
}

static inline bool
is_text(const char *got, const char *wanted, const char *name)
{
	bool		good = ok(got != NULL && strcmp(got, wanted) == 0, "%s", name);

	if (!good)
		printf("#      got: %s\n#   wanted: %s\n", got != NULL ? got : "(null)", wanted);
	return good;
}

static inline bool
has_text(const char *got, const char *wanted, const char *name)
{
	bool		good = ok(got != NULL && strstr(got, wanted) != NULL, "%s", name);

	if (!good)
		printf("#      got: %s\n#   wanted in it: %s\n", got != NULL ? got : "(null)", wanted);
	return good;
}

static inline bool
is_int(long long got, long long wanted, const char *name)
{
	bool		good = ok(got == wanted, "%s", name);

	if (!good)
		printf("#      got: %lld\n#   wanted: %lld\n", got, wanted);
	return good;
}

static inline void
show_error(const MfError *err)
{
	printf("# %s %s | %s | %s | retry %d\n", err->sqlstate, err->message, err->detail, err->hint, err->retry);
}

/* The exit status of main(). */
static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

/* ------------------------------------------------------------------- threads */

/*
 * How many threads besides this one are there, and how many of them would run
 * a signal handler of PostgreSQL's?
 */
static inline int
count_threads(int *unblocked)
{
	static const int watched[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCHLD, SIGURG, SIGPIPE};
	DIR		   *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int			count = 0;

	*unblocked = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		char		path[300];
		char		line[256];
		FILE	   *file;

		if (atoi(entry->d_name) == 0 || atoi(entry->d_name) == (int) getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;			/* it has just ended */
		while (fgets(line, sizeof(line), file) != NULL)
		{
			unsigned long long mask;

			if (sscanf(line, "SigBlk: %llx", &mask) != 1)
				continue;
			count++;
			for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
			{
				if ((mask & (1ULL << (watched[i] - 1))) == 0)
				{
					(*unblocked)++;
					break;
				}
			}
		}
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

static volatile sig_atomic_t storm_signals __attribute__((unused));
static volatile sig_atomic_t storm_astray __attribute__((unused));

static inline void
storm_handler(int number)
{
	storm_signals++;
	if (gettid() != getpid())
		storm_astray++;
}

/* SIGALRM a thousand times a second, or (0) no longer; see the counts above. */
static inline void
storm(int on)
{
	struct itimerval often = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};
	struct sigaction action = {.sa_handler = storm_handler,.sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

#endif							/* DRIVE_H */
