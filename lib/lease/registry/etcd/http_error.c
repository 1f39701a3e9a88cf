/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/http_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* TLS 1.3 servers refuse a missing client certificate only after the handshake. */
static bool is_alert(const char *curl_text)
{
	return strstr(curl_text, "alert") != NULL;
}

static bool closed_unanswered(CURL *easy, CURLcode code)
{
	long received = 0;

	switch (code) {
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &received) == CURLE_OK &&
		       received == 0;
	default:
		return false;
	}
}

enum http_outcome http_outcome_of(CURL *easy, CURLcode code, const char *curl_text, bool http2)
{
	curl_off_t connected = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return HTTP_UNREACHABLE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CONNECT_ERROR:
		return HTTP_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
		return connected == 0 ? HTTP_UNREACHABLE : HTTP_LOST;
	default:
		if (is_alert(curl_text))
			return HTTP_REFUSED;
		return http2 && closed_unanswered(easy, code) ? HTTP_CLOSED : HTTP_LOST;
	}
}

static void connect_text(CURL *easy, char *out, size_t size)
{
	long os_error = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
	if (os_error == ECONNREFUSED)
		snprintf(out, size, "connection refused (is etcd running, is this its port?)");
	else
		snprintf(out, size, "no connection: %s (is the address right?)",
			os_error != 0 ? strerror((int)os_error) : "unknown reason");
}

static void timeout_text(CURL *easy, char *out, size_t size)
{
	curl_off_t us = 0;
	bool sent = http_outcome_of(easy, CURLE_OPERATION_TIMEDOUT, "", false) == HTTP_LOST;

	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
	snprintf(out, size,
		sent ? "no answer within %lld ms (is etcd overloaded or without a quorum?)"
		     : "no connection within %lld ms (wrong address, firewall, host down?)",
		(long long)(us / 1000));
}

/* What the certificate is for; libcurl gathers it once the chain is found good. NULL: unknown. */
static const char *names_in_certificate(CURL *easy)
{
	static const char label[] = "X509v3 Subject Alternative Name:";
	const struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
		info->num_of_certs < 1)
		return NULL;
	for (const struct curl_slist *row = info->certinfo[0]; row != NULL; row = row->next)
		if (strncmp(row->data, label, sizeof(label) - 1) == 0)
			return row->data + sizeof(label) - 1;
	return NULL;
}

static void certificate_text(
	CURL *easy, const char *why, const struct http_tls *tls, char *out, size_t size)
{
	const char *names = names_in_certificate(easy);

	if (names != NULL)
		snprintf(out, size,
			tls->server_name[0] != '\0'
				? "%s; its certificate is for %.150s (etcd.server-name has to be "
				  "one of these)"
				: "%s; its certificate is for %.150s (have one made for that "
				  "address too, or give one of these as etcd.server-name)",
			why, names);
	else if (strstr(why, "expired") != NULL || strstr(why, "not yet valid") != NULL)
		snprintf(out, size,
			"%s (renew that server's certificate; is this node's clock right?)", why);
	else
		snprintf(out, size,
			"its certificate is not accepted: %s (is etcd.cafile the one that signed "
			"it, does it name this host?)",
			why);
}

static void unanswered_text(CURL *easy, bool http2, char *out, size_t size)
{
	const char *proxy = http2 ? "; if it is a proxy without HTTP/2, set etcd.transport to "
				    "\"json\""
				  : "";
	char *url = NULL;

	/* A server that refuses a client's certificate may be gone before its alert arrives. */
	if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK &&
		strncmp(url, "https:", 6) == 0)
		snprintf(out, size,
			"it closed the connection without an answer (if it wants a client "
			"certificate: etcd.certfile, etcd.keyfile%s)",
			proxy);
	else
		snprintf(out, size,
			"it closed the connection without an answer (if this port speaks TLS, "
			"write https:// in etcd.endpoints%s)",
			proxy);
}

static void other_text(
	CURL *easy, CURLcode code, const char *why, bool http2, char *out, size_t size)
{
	if (is_alert(why))
		snprintf(out, size,
			"%s (it wants another client certificate: etcd.certfile, etcd.keyfile)",
			why);
	else if (closed_unanswered(easy, code))
		unanswered_text(easy, http2, out, size);
	else if (code == CURLE_PARTIAL_FILE)
		snprintf(out, size, "it closed the connection (restarting?)");
	else
		snprintf(out, size, "%s", why);
}

void http_error_text(CURL *easy, CURLcode code, const char *curl_text, const struct http_tls *tls,
	bool http2, char *out, size_t size)
{
	const char *why = curl_text[0] != '\0' ? curl_text : curl_easy_strerror(code);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		snprintf(out, size, "the name does not resolve (etcd.endpoints, DNS)");
		return;
	case CURLE_COULDNT_CONNECT:
		connect_text(easy, out, size);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		timeout_text(easy, out, size);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		certificate_text(easy, why, tls, out, size);
		return;
	case CURLE_SSL_CACERT_BADFILE:
		snprintf(out, size, "cannot use etcd.cafile \"%s\": %s", tls->cafile, why);
		return;
	case CURLE_SSL_CERTPROBLEM:
		snprintf(out, size, "cannot use etcd.certfile \"%s\" with etcd.keyfile \"%s\": %s",
			tls->certfile, tls->keyfile, why);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		snprintf(out, size, "TLS handshake failed: %s (does this port speak https?)", why);
		return;
	default:
		other_text(easy, code, why, http2, out, size);
	}
}
