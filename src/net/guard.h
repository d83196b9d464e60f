/*
 * guard.h - How does a library start threads without their taking our signals?
 *
 * A thread inherits the mask of the one that makes it.  PostgreSQL's signal
 * handlers must only ever run on the main thread, so every call that could
 * create a thread (gRPC, curl's resolver, OpenMP) is made with all signals
 * blocked.  Guarding some calls is worse than none: signals then pend on the
 * main thread and are run by the library's.  Costs about 0.3 us a pair.
 *
 * Between begin and end: no ereport, no palloc, no return.
 */
#ifndef MF_GUARD_H
#define MF_GUARD_H

#include <signal.h>
#include <pthread.h>

typedef struct MfGuard
{
	sigset_t	before;
} MfGuard;

static inline void
mf_guard_begin(MfGuard *guard)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &guard->before);
}

static inline void
mf_guard_end(const MfGuard *guard)
{
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

#endif							/* MF_GUARD_H */
