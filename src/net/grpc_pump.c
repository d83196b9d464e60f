/*
 * grpc_pump.c - Which thread takes finished calls from gRPC?
 *
 * One of ours, the pump: it waits in the completion queue, where it also does
 * gRPC's input and output, so that transfers go on while the caller computes.
 * It is made with all signals blocked, as are all of gRPC's threads, and it
 * touches nothing but attempts and wakes.
 *
 * gRPC starts at the first call of a process and never in one that is forked
 * from a process in which it runs: its locks may be held there by threads that
 * do not exist here.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* pthread_timedjoin_np */
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grpc_internal.h"

#define STOP_MS 100				/* a process that exits waits no longer */

static struct
{
	GrpcRuntime state;
	pid_t		pid;
	grpc_completion_queue *queue;
	pthread_t	pump;
}			runtime;

/*
 * gRPC logs what it also answers as a status.  Only what it says right before
 * it aborts the process is let through, to the server's log.
 */
static void
on_log(gpr_log_func_args *args)
{
	if (args->severity == GPR_LOG_SEVERITY_ERROR &&
		strncmp(args->message, "assertion failed", 16) == 0)
		fprintf(stderr, "gRPC: %s:%d: %s\n", args->file, args->line, args->message);
}

static void *
pump(void *arg)
{
	grpc_completion_queue *queue = arg;

	for (;;)
	{
		grpc_event	event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);

		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (event.type == GRPC_OP_COMPLETE)
			mfg_attempt_finished(event.tag);
	}
}

GrpcRuntime
mfg_runtime(void)
{
	if (runtime.state != GRPC_NEVER_STARTED && runtime.pid != getpid())
		return GRPC_FOREIGN;
	return runtime.state;
}

grpc_completion_queue *
mfg_runtime_queue(void)
{
	return runtime.queue;
}

MfStatus
mfg_runtime_start(MfError *err)
{
	MfGuard		guard;
	int			number;

	switch (mfg_runtime())
	{
		case GRPC_STARTED:
			return MF_OK;
		case GRPC_STOPPED:
			return mf_error(err, MF_OPERATOR_INTERVENTION, "gRPC was shut down because this process exits");
		case GRPC_FOREIGN:
			return mf_error(err, MF_FEATURE_NOT_SUPPORTED,
							"gRPC cannot be used in a process forked from one that uses it");
		case GRPC_NEVER_STARTED:
			break;
	}
	mf_guard_begin(&guard);
	mf_environment_forget();
	gpr_set_log_function(on_log);
	grpc_init();
	runtime.queue = grpc_completion_queue_create_for_next(NULL);
	number = pthread_create(&runtime.pump, NULL, pump, runtime.queue);
	if (number != 0)
	{
		grpc_completion_queue_shutdown(runtime.queue);
		grpc_completion_queue_next(runtime.queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		grpc_completion_queue_destroy(runtime.queue);
		grpc_shutdown();
		runtime.queue = NULL;
	}
	mf_guard_end(&guard);
	if (number != 0)
	{
		mf_error(err, MF_INSUFFICIENT_RESOURCES, "could not create a thread");
		mf_error_detail(err, "%s.", strerror(number));
		return MF_ERROR;
	}
	runtime.pid = getpid();
	runtime.state = GRPC_STARTED;
	return MF_OK;
}

/*
 * End the pump.  The queue hands out what is pending before it says that it is
 * shut down; calls are cancelled by then, so that is soon.  grpc_shutdown() is
 * left out on purpose: its threads linger, and exit() needs no help.
 */
void
mfg_runtime_stop(void)
{
	struct timespec until;

	if (mfg_runtime() != GRPC_STARTED)
		return;
	runtime.state = GRPC_STOPPED;
	grpc_completion_queue_shutdown(runtime.queue);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += STOP_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L)
	{
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	if (pthread_timedjoin_np(runtime.pump, NULL, &until) == 0)
		grpc_completion_queue_destroy(runtime.queue);
	runtime.queue = NULL;
}

const char *
mf_grpc_library(void)
{
	return grpc_version_string();
}
