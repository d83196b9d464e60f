/*
 * net_http_double.h - What do servers do that a real one cannot be made to do?
 *
 * A process with a thread for each connection; the path says what it does with
 * the request.  Started before the test starts any thread.
 */
#ifndef NET_HTTP_DOUBLE_H
#define NET_HTTP_DOUBLE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "net_socket.h"

typedef struct DoubleCounts
{
	atomic_int	connections;
	atomic_int	requests;
	atomic_int	drops;			/* requests read whole and answered by closing */
	char		last_head[8192];
} DoubleCounts;

static DoubleCounts *double_counts;

static void
double_send(int fd, const char *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t) n;
	}
}

static void
double_text(int fd, const char *text)
{
	double_send(fd, text, strlen(text));
}

/* n bytes of a pattern that shows any byte lost. */
static void
double_pattern(int fd, size_t n)
{
	static char block[1 << 20];

	if (n > 0 && block[sizeof(block) - 1] == '\0')
	{
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char) ('a' + i % 23);
	}
	for (size_t sent = 0; sent < n; sent += sizeof(block))
		double_send(fd, block, n - sent < sizeof(block) ? n - sent : sizeof(block));
}

static void
double_length(int fd, size_t announced, size_t sent)
{
	char		head[200];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Double:  yes \r\nContent-Length: %zu\r\n\r\n", announced);
	double_text(fd, head);
	double_pattern(fd, sent);
}

/* Answer one request; false = close the connection. */
static int
double_answer(int fd, int connection, int nth, const char *head, char *body, size_t len)
{
	char		text[512];
	char		path[256] = "";
	size_t		n;

	sscanf(head, "%*s %255s", path);
	if (sscanf(path, "/length/%zu", &n) == 1)
		double_length(fd, n, n);
	else if (sscanf(path, "/cut/%zu", &n) == 1)
	{
		double_length(fd, n * 2, n);
		return 0;
	}
	else if (sscanf(path, "/announce/%zu", &n) == 1)
	{
		double_length(fd, n, 10);
		usleep(200000);
		return 0;
	}
	else if (sscanf(path, "/chunked/%zu", &n) == 1)
	{
		double_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (size_t i = 0; i < n; i++)
			double_text(fd, "a\r\n0123456789\r\n");
		double_text(fd, "0\r\n\r\n");
	}
	else if (strcmp(path, "/endless") == 0)
	{
		double_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
		double_pattern(fd, (size_t) 1 << 28);
		return 0;
	}
	else if (sscanf(path, "/status/%zu", &n) == 1)
	{
		snprintf(text, sizeof(text), "HTTP/1.1 %zu Whatever\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}", n);
		double_text(fd, text);
	}
	else if (strcmp(path, "/echo") == 0)
	{
		snprintf(text, sizeof(text), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
		double_text(fd, text);
		double_send(fd, body, len);
	}
	else if (strcmp(path, "/connection") == 0)
	{
		int			m = snprintf(text, sizeof(text), "%d", connection);
		char		answer[700];

		snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", m, text);
		double_text(fd, answer);
	}
	else if (strcmp(path, "/redirect") == 0)
		double_text(fd, "HTTP/1.1 302 Found\r\nLocation: /length/5\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(path, "/empty") == 0)
		double_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	else if (strcmp(path, "/garbage") == 0)
	{
		double_text(fd, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n\001\002\003");
		return 0;
	}
	else if (strcmp(path, "/slow") == 0)
	{
		double_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
		for (int i = 0; i < 100; i++)
		{
			double_text(fd, ".");
			usleep(100000);
		}
		return 0;
	}
	else if (strcmp(path, "/late") == 0)
	{
		usleep(700000);
		double_length(fd, 10, 10);
	}
	else if (strcmp(path, "/drop") == 0 && nth > 1)
	{
		/* Taken whole, on a connection that was kept, and not a word. */
		atomic_fetch_add(&double_counts->drops, 1);
		return 0;
	}
	else if (strcmp(path, "/drop") == 0)
		double_length(fd, 3, 3);
	else if (strcmp(path, "/close") == 0)
		return 0;
	else if (strcmp(path, "/hang") == 0)
		usleep(30 * 1000000);
	else
		double_length(fd, 5, 5);
	return 1;
}

static void *
double_connection(void *arg)
{
	int			fd = (int) (intptr_t) arg;
	int			connection = atomic_fetch_add(&double_counts->connections, 1) + 1;
	size_t		cap = (size_t) 64 << 20;
	char	   *buf = malloc(cap);
	size_t		have = 0;
	int			yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	for (int nth = 1;; nth++)
	{
		char	   *end = NULL;
		char	   *found;
		size_t		head;
		size_t		len = 0;

		while (have < 4 || (end = memmem(buf, have, "\r\n\r\n", 4)) == NULL)
		{
			ssize_t		n = recv(fd, buf + have, cap - have - 1, 0);

			if (n <= 0)
				goto out;
			have += (size_t) n;
		}
		*end = '\0';
		head = (size_t) (end - buf) + 4;
		found = strcasestr(buf, "content-length:");
		if (found != NULL)
			len = strtoull(found + 15, NULL, 10);
		while (have < head + len)
		{
			ssize_t		n = recv(fd, buf + have, cap - have - 1, 0);

			if (n <= 0)
				goto out;
			have += (size_t) n;
		}
		snprintf(double_counts->last_head, sizeof(double_counts->last_head), "%s", buf);
		atomic_fetch_add(&double_counts->requests, 1);
		if (!double_answer(fd, connection, nth, buf, buf + head, len))
			goto out;
		memmove(buf, buf + head + len, have - head - len);
		have -= head + len;
	}
out:
	free(buf);
	close(fd);
	return NULL;
}

/* Start the double; answers its port.  It ends with the test. */
static int
double_start(void)
{
	int			port;
	int			fd = listen_on(&port, 100);

	double_counts = mmap(NULL, sizeof(DoubleCounts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fork() == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
		{
			int			client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
			pthread_t	thread;

			if (client >= 0 && pthread_create(&thread, NULL, double_connection, (void *) (intptr_t) client) == 0)
				pthread_detach(thread);
		}
	}
	close(fd);
	return port;
}

#endif							/* NET_HTTP_DOUBLE_H */
