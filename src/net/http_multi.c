/*
 * http_multi.c - How do many transfers become one descriptor to wait for?
 *
 * curl says through two callbacks which sockets it wants watched and when it
 * wants to be called; the sockets go into one epoll set, whose descriptor can
 * itself be waited for.  Nothing here waits.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http_internal.h"

#define MAX_EVENTS 16
#define MAX_RUN_MS 10			/* then the caller may look for interrupts */

/* curl starts no thread here, but OpenSSL is its to initialise: only once. */
static bool
start_curl(void)
{
	static bool started = false;
	MfGuard		guard;

	if (!started)
	{
		mf_guard_begin(&guard);
		mf_environment_forget();
		started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
		mf_guard_end(&guard);
	}
	return started;
}

/* curl's socket callback: watch fd for what, or no longer. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	MfHttp	   *http = arg;
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		/* It may be closed already: that took it out of the set. */
		epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.data.fd = fd;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(http->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	if (errno == ENOENT && epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return -1;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	MfHttp	   *http = arg;

	http->timer_at = timeout_ms < 0 ? -1 : mf_now_ms() + timeout_ms;
	return 0;
}

/* Take what curl says is finished. */
static void
collect(MfHttp *http)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL)
	{
		char	   *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		mfh_call_finish((MfHttpCall *) call, message->data.result);
	}
}

/* Move everything on that can be moved without waiting. */
void
mfh_run(MfHttp *http)
{
	struct epoll_event events[MAX_EVENTS];
	int64_t		began = mf_now_ms();
	int64_t		now = began;
	int			running;

	for (;;)
	{
		int			n = epoll_wait(http->epoll_fd, events, MAX_EVENTS, 0);
		bool		due = http->timer_at >= 0 && http->timer_at <= now;

		for (int i = 0; i < n; i++)
		{
			int			what = 0;

			if (events[i].events & EPOLLIN)
				what |= CURL_CSELECT_IN;
			if (events[i].events & EPOLLOUT)
				what |= CURL_CSELECT_OUT;
			if (events[i].events & (EPOLLERR | EPOLLHUP))
				what |= CURL_CSELECT_ERR;
			curl_multi_socket_action(http->multi, events[i].data.fd, what, &running);
		}
		if (due)
		{
			http->timer_at = -1;
			curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		collect(http);
		now = mf_now_ms();
		if ((n <= 0 && !due) || now - began >= MAX_RUN_MS)
			break;
	}
	for (MfHttpCall *call = http->calls; call != NULL; call = call->next)
		mfh_call_look(call, now);
}

void
mf_http_pump(MfHttp *http)
{
	MfGuard		guard;

	mf_guard_begin(&guard);
	for (MfHttpCall *call = http->calls; call != NULL; call = call->next)
	{
		if (call->state == HTTP_NEW && !mfh_call_start(call))
			mfh_call_finish(call, CURLE_OUT_OF_MEMORY);
	}
	mfh_run(http);
	mf_guard_end(&guard);
}

/* The credentials, as curl will want them. */
static MfStatus
copy_auth(MfHttp *http, const MfHttpAuth *auth, MfError *err)
{
	static const char prefix[] = "Authorization: ApiKey ";

	if (auth == NULL)
		return MF_OK;
	if (!mf_is_header_text(auth->api_key))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE,
						"the option \"api_key\" holds a character that cannot be sent");
	if (auth->api_key != NULL)
	{
		http->authorization = mf_calloc(http->mem, sizeof(prefix) + strlen(auth->api_key));
		if (http->authorization == NULL)
			return mf_error_oom(err, sizeof(prefix));
		strcpy(http->authorization, prefix);
		strcat(http->authorization, auth->api_key);
		return MF_OK;
	}
	if (auth->user != NULL)
	{
		http->user = mf_strdup(http->mem, auth->user);
		http->password = mf_strdup(http->mem, auth->password != NULL ? auth->password : "");
		if (http->user == NULL || http->password == NULL)
			return mf_error_oom(err, strlen(auth->user));
	}
	return MF_OK;
}

static bool
any_tls(const MfHttp *http)
{
	for (int i = 0; i < http->nurls; i++)
	{
		if (http->urls[i].tls)
			return true;
	}
	return false;
}

/* What can fail of opening; on failure mf_http_close takes it down again. */
static MfStatus
set_up(MfHttp *http, const char *urls, const MfHttpAuth *auth,
	   const MfNetSettings *settings, MfError *err)
{
	MfStatus	status;
	MfGuard		guard;

	if (!mf_net_settings_copy(&http->settings, settings, http->mem))
		return mf_error_oom(err, sizeof(MfNetSettings));
	status = mfh_parse_urls(http, urls != NULL ? urls : "", err);
	if (status == MF_OK)
		status = copy_auth(http, auth, err);
	if (status == MF_OK && any_tls(http))
		status = mf_tls_files_read(&http->settings, http->mem, &http->tls, err);
	if (status != MF_OK)
		return status;

	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (http->epoll_fd < 0)
	{
		int			number = errno;

		mf_error(err, MF_INSUFFICIENT_RESOURCES, "could not create a set of descriptors to wait for");
		mf_error_detail(err, "%s.", strerror(number));
		return MF_ERROR;
	}
	if (!start_curl())
		return mf_error(err, MF_INTERNAL, "could not start libcurl");
	mf_guard_begin(&guard);
	http->multi = curl_multi_init();
	if (http->multi != NULL)
	{
		curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
		curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
		curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
		curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
		curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING);
		curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 16L);
	}
	mf_guard_end(&guard);
	return http->multi != NULL ? MF_OK : mf_error_oom(err, sizeof(MfHttp));
}

MfStatus
mf_http_open(const char *urls, const MfHttpAuth *auth, const MfNetSettings *settings,
			 MfHttp **http, MfError *err)
{
	MfStatus	status;

	*http = mf_calloc(settings->mem, sizeof(MfHttp));
	if (*http == NULL)
		return mf_error_oom(err, sizeof(MfHttp));
	(*http)->mem = settings->mem;
	(*http)->epoll_fd = -1;
	(*http)->timer_at = -1;
	status = set_up(*http, urls, auth, settings, err);
	if (status != MF_OK)
	{
		mf_http_close(*http);
		*http = NULL;
	}
	return status;
}

void
mf_http_close(MfHttp *http)
{
	MfMem	   *mem;
	MfGuard		guard;

	if (http == NULL)
		return;
	mem = http->mem;
	mf_guard_begin(&guard);
	while (http->calls != NULL)
		mfh_call_free(http->calls);
	while (http->nspare_easy > 0)
		curl_easy_cleanup(http->spare_easy[--http->nspare_easy]);
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	mf_guard_end(&guard);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	mfh_buffers_free(http);
	mfh_free_urls(http);
	mf_free_secret(mem, http->authorization);
	mf_free_secret(mem, http->user);
	mf_free_secret(mem, http->password);
	mf_tls_files_free(&http->tls, mem);
	mf_net_settings_free(&http->settings, mem);
	mf_free(mem, http);
}

const char *
mf_http_library(void)
{
	return curl_version();
}
