/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_endpoints.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

OVNET_LOG_TYPE(lease)

static char *with_scheme(const char *text, bool tls)
{
	const char *scheme = tls ? "https://" : "http://";
	char *url = NULL;

	if (asprintf(&url, "%s%s", strstr(text, "://") != NULL ? "" : scheme, text) < 0)
		url = NULL;
	size_t len = strlen(must(url));
	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	return url;
}

/* A path or a user in it is a mistake. */
static bool usable(const char *url)
{
	char *path = NULL;
	CURLU *u = must(curl_url());
	bool good = (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) &&
		    strlen(url) < 256 &&
		    curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		    strcmp(path, "/") == 0;

	curl_free(path);
	curl_url_cleanup(u);
	return good;
}

static int add(struct etcd_endpoints *out, const char *text, bool tls)
{
	char *url = with_scheme(text, tls);

	if (out->n < ETCD_ENDPOINTS_MAX && usable(url)) {
		out->urls[out->n++] = url;
		return 0;
	}
	free(url);
	LOG(ERR,
		"etcd.endpoints: \"%s\" is not usable; give up to %d of the form http://host:port "
		"or https://host:port, separated by commas",
		text, ETCD_ENDPOINTS_MAX);
	return -EINVAL;
}

int etcd_endpoints_read(struct etcd_endpoints *out, const char *list, bool tls)
{
	char *copy = must(strdup(list)), *save = NULL;
	int rc = 0;

	out->n = 0;
	for (char *part = strtok_r(copy, ", \t", &save); part != NULL && rc == 0;
		part = strtok_r(NULL, ", \t", &save))
		rc = add(out, part, tls);
	free(copy);
	if (rc == 0 && out->n == 0) {
		LOG(ERR, "etcd.endpoints is empty: say where etcd is, e.g. http://127.0.0.1:2379");
		rc = -EINVAL;
	}
	return rc;
}

void etcd_endpoints_free(struct etcd_endpoints *e)
{
	for (unsigned i = 0; i < e->n; i++)
		free(e->urls[i]);
	e->n = 0;
}
