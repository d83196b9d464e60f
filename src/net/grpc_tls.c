/*
 * grpc_tls.c - How does gRPC check a server's certificate as sslmode says?
 *
 * verify-full is gRPC's usual way.  The weaker ones need its newer TLS
 * credentials, which can do without the host name or without any check.
 */
#include "grpc_internal.h"

static grpc_channel_credentials *
verify_full(const MfGrpc *grpc)
{
	grpc_ssl_pem_key_cert_pair pair = {grpc->tls.key, grpc->tls.certificate};

	return grpc_ssl_credentials_create_ex(grpc->tls.roots, grpc->tls.key != NULL ? &pair : NULL, NULL, NULL);
}

static grpc_channel_credentials *
weaker(const MfGrpc *grpc)
{
	grpc_tls_credentials_options *options = grpc_tls_credentials_options_create();
	grpc_tls_certificate_verifier *verifier = grpc_tls_certificate_verifier_no_op_create();

	if (grpc->tls.roots != NULL || grpc->tls.key != NULL)
	{
		grpc_tls_identity_pairs *pairs = NULL;
		grpc_tls_certificate_provider *provider;

		if (grpc->tls.key != NULL)
		{
			pairs = grpc_tls_identity_pairs_create();
			grpc_tls_identity_pairs_add_pair(pairs, grpc->tls.key, grpc->tls.certificate);
		}
		provider = grpc_tls_certificate_provider_static_data_create(grpc->tls.roots, pairs);
		grpc_tls_credentials_options_set_certificate_provider(options, provider);
		if (grpc->tls.roots != NULL)
			grpc_tls_credentials_options_watch_root_certs(options);
		if (grpc->tls.key != NULL)
			grpc_tls_credentials_options_watch_identity_key_cert_pairs(options);
		grpc_tls_certificate_provider_release(provider);
	}
	grpc_tls_credentials_options_set_verify_server_cert(options,
														grpc->settings.sslmode >= MF_SSL_VERIFY_CA);
	grpc_tls_credentials_options_set_certificate_verifier(options, verifier);
	grpc_tls_certificate_verifier_release(verifier);
	grpc_tls_credentials_options_set_check_call_host(options, 0);
	return grpc_tls_credentials_create(options);
}

/* With signals blocked.  NULL = gRPC does not take them. */
grpc_channel_credentials *
mfg_make_credentials(const MfGrpc *grpc)
{
	switch (grpc->settings.sslmode)
	{
		case MF_SSL_DISABLE:
			return grpc_insecure_credentials_create();
		case MF_SSL_VERIFY_FULL:
			return verify_full(grpc);
		default:
			return weaker(grpc);
	}
}
