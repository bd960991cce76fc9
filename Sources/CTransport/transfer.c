// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

// curl keeps pointers to the header list and the error buffer, so both live beside the handle they belong to.
struct ctransport_easy {
    CURL *curl;
    struct curl_slist *headers;
    char problem[CURL_ERROR_SIZE];
};

int ctransport_global_init(void) {
    // OpenSSL's own atexit handler races with threads that still hold curl handles when the process exits, so it is
    // turned off before curl initialises the library.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    return curl_global_init(CURL_GLOBAL_ALL);
}

const char *ctransport_describe(int code) { return curl_easy_strerror((CURLcode)code); }

static CURLcode set_protocols(CURL *curl) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static CURLcode set_defaults(ctransport_easy *easy) {
    CURL *curl = easy->curl;
    CURLcode code = set_protocols(curl);
    // The defaults of curl, spelled out: no answer may be taken from a host that has not proved its name.
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L); }
    // Without this, curl times out name resolution by a signal, which does not go with threads.
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, easy->problem); }
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_PRIVATE, easy); }
    // A request must not wait to see whether it may share the connection of a long poll, which tells only at its end.
    if (code == CURLE_OK) { code = curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 0L); }
    if (code == CURLE_OK) {
        // A curl without HTTP/2 refuses the option and goes on with HTTP/1.1, which every endpoint speaks.
        CURLcode version = curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        code = version == CURLE_UNSUPPORTED_PROTOCOL ? CURLE_OK : version;
    }
    // A name without a value takes curl's own header away; one that is added later with a value is sent all the same.
    if (code == CURLE_OK) { code = ctransport_easy_add_header(easy, "Expect:"); }
    if (code == CURLE_OK) { code = ctransport_easy_add_header(easy, "Accept:"); }
    if (code == CURLE_OK) { code = ctransport_easy_add_header(easy, "Content-Type:"); }
    return code;
}

ctransport_easy *ctransport_easy_new(void) {
    ctransport_easy *easy = calloc(1, sizeof *easy);
    if (easy == NULL) { return NULL; }
    easy->curl = curl_easy_init();
    if (easy->curl == NULL || set_defaults(easy) != CURLE_OK) {
        ctransport_easy_free(easy);
        return NULL;
    }
    return easy;
}

int ctransport_easy_renew(ctransport_easy *easy) {
    curl_easy_reset(easy->curl);
    curl_slist_free_all(easy->headers);
    easy->headers = NULL;
    easy->problem[0] = 0;
    return set_defaults(easy);
}

void ctransport_easy_free(ctransport_easy *easy) {
    curl_easy_cleanup(easy->curl);
    curl_slist_free_all(easy->headers);
    free(easy);
}

int ctransport_easy_set_url(ctransport_easy *easy, const char *url) {
    return curl_easy_setopt(easy->curl, CURLOPT_URL, url);
}

int ctransport_easy_set_request(ctransport_easy *easy, const char *method, const uint8_t *body, size_t body_count) {
    if (body_count == 0 && strcmp(method, "GET") == 0) { return curl_easy_setopt(easy->curl, CURLOPT_HTTPGET, 1L); }
    if (body_count == 0 && strcmp(method, "HEAD") == 0) { return curl_easy_setopt(easy->curl, CURLOPT_NOBODY, 1L); }
    // The size has to come first: it says how much is copied.
    CURLcode code = curl_easy_setopt(easy->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_count);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy->curl, CURLOPT_COPYPOSTFIELDS, body_count == 0 ? "" : (const char *)body);
    }
    return code != CURLE_OK ? code : curl_easy_setopt(easy->curl, CURLOPT_CUSTOMREQUEST, method);
}

int ctransport_easy_add_header(ctransport_easy *easy, const char *line) {
    struct curl_slist *headers = curl_slist_append(easy->headers, line);
    if (headers == NULL) { return CURLE_OUT_OF_MEMORY; }
    // curl is told of the first line alone: the others hang on to it.
    if (easy->headers != NULL) { return CURLE_OK; }
    easy->headers = headers;
    return curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, headers);
}

int ctransport_easy_set_timeouts_ms(ctransport_easy *easy, long connect, long total) {
    CURLcode code = curl_easy_setopt(easy->curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
    return code != CURLE_OK ? code : curl_easy_setopt(easy->curl, CURLOPT_TIMEOUT_MS, total);
}

int ctransport_easy_set_ca_bundle(ctransport_easy *easy, const char *path) {
    return curl_easy_setopt(easy->curl, CURLOPT_CAINFO, path);
}

int ctransport_easy_bypass_proxy(ctransport_easy *easy) {
    return curl_easy_setopt(easy->curl, CURLOPT_NOPROXY, "*");
}

int ctransport_easy_on_answer(ctransport_easy *easy, ctransport_receive header, ctransport_receive body,
                              void *context) {
    CURLcode code = curl_easy_setopt(easy->curl, CURLOPT_HEADERFUNCTION, header);
    if (code == CURLE_OK) { code = curl_easy_setopt(easy->curl, CURLOPT_HEADERDATA, context); }
    if (code == CURLE_OK) { code = curl_easy_setopt(easy->curl, CURLOPT_WRITEFUNCTION, body); }
    if (code == CURLE_OK) { code = curl_easy_setopt(easy->curl, CURLOPT_WRITEDATA, context); }
    return code;
}

long ctransport_easy_status(ctransport_easy *easy) {
    long status = 0;
    curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const char *ctransport_easy_problem(ctransport_easy *easy) { return easy->problem; }

ctransport_multi *ctransport_multi_new(void) { return (ctransport_multi *)curl_multi_init(); }

void ctransport_multi_free(ctransport_multi *multi) { curl_multi_cleanup((CURLM *)multi); }

int ctransport_multi_add(ctransport_multi *multi, ctransport_easy *easy) {
    return curl_multi_add_handle((CURLM *)multi, easy->curl);
}

int ctransport_multi_remove(ctransport_multi *multi, ctransport_easy *easy) {
    return curl_multi_remove_handle((CURLM *)multi, easy->curl);
}

int ctransport_multi_perform(ctransport_multi *multi) {
    int running = 0;
    return curl_multi_perform((CURLM *)multi, &running);
}

int ctransport_multi_wait(ctransport_multi *multi, int timeout_ms) {
    return curl_multi_poll((CURLM *)multi, NULL, 0, timeout_ms, NULL);
}

int ctransport_multi_wakeup(ctransport_multi *multi) { return curl_multi_wakeup((CURLM *)multi); }

ctransport_easy *ctransport_multi_next_done(ctransport_multi *multi, int *code) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read((CURLM *)multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE) { continue; }
        ctransport_easy *easy = NULL;
        *code = message->data.result;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &easy) == CURLE_OK && easy != NULL) {
            return easy;
        }
    }
    return NULL;
}
