/*
 * net_socket.h - Which ports does a test need that no server would offer?
 *
 * One where nothing listens, one that lets nobody in, and one that lets
 * everybody in and never says a word.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket listening on 127.0.0.1, and its port. */
static inline int
listen_on(int *port, int backlog)
{
	struct sockaddr_in at = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(at);
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *) &at, sizeof(at)) < 0 || listen(fd, backlog) < 0 ||
		getsockname(fd, (struct sockaddr *) &at, &len) < 0)
		abort();
	*port = ntohs(at.sin_port);
	return fd;
}

/* A port where nothing listens. */
static inline int
refused_port(void)
{
	int			port;

	close(listen_on(&port, 1));
	return port;
}

/* A port that takes connections and never answers. */
static inline int
silent_port(void)
{
	int			port;

	listen_on(&port, 100);
	return port;
}

/* A port whose queue is full: SYNs are dropped. */
static inline int
closed_door_port(void)
{
	int			port;

	listen_on(&port, 0);
	for (int i = 0; i < 4; i++)
	{
		struct sockaddr_in at = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t) port)};
		int			fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		int			r = connect(fd, (struct sockaddr *) &at, sizeof(at));

		(void) r;
	}
	usleep(20000);
	return port;
}

#endif							/* NET_SOCKET_H */
