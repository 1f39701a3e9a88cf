/* SPDX-License-Identifier: BSD-3-Clause */
/* Why an etcd server did not answer, from libcurl's codes to words for an operator. */
#ifndef OVNET_LEASE_REGISTRY_ETCD_HTTP_ERROR_H
#define OVNET_LEASE_REGISTRY_ETCD_HTTP_ERROR_H

#include <curl/curl.h>

#include "lease/registry/etcd/http_client.h"

enum http_outcome http_outcome_of(CURL *easy, CURLcode code, const char *curl_text, bool http2);
void http_error_text(CURL *easy, CURLcode code, const char *curl_text, const struct http_tls *tls,
	bool http2, char *out, size_t size);

#endif
