// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#ifndef CTRANSPORT_H
#define CTRANSPORT_H

#include <stddef.h>
#include <stdint.h>

// The Swift side never sees <curl/curl.h>, <openssl/evp.h> or <expat.h>: handles are opaque, options are typed
// functions (curl_easy_setopt is variadic, so Swift cannot import it), and every pointer carries its nullability.

// MARK: - HTTP, from curl

typedef struct ctransport_easy ctransport_easy;
typedef struct ctransport_multi ctransport_multi;

/// Receives `size * count` bytes; return that product to go on, anything else to abort the transfer.
typedef size_t (*ctransport_receive)(char *_Nonnull bytes, size_t size, size_t count, void *_Nullable context);

/// Has the C library give freed memory back to the system early, and keep two heaps for all threads together. Changes
/// nothing but glibc.
void ctransport_spare_memory(void);

/// Call once, before anything else here. Returns a CURLcode; 0 is success.
int ctransport_global_init(void);
/// What a CURLcode means; the text lives forever.
const char *_Nonnull ctransport_describe(int code);

/// A transfer that verifies its peer, follows no redirect, speaks only http and https, and sends nothing of its own
/// accord but `Host` and `Content-Length`. NULL when memory is short. The functions below return a CURLcode.
ctransport_easy *_Nullable ctransport_easy_new(void);
/// Makes a used transfer like a new one: nothing is left of its request. Take it out of its multi handle first.
int ctransport_easy_renew(ctransport_easy *_Nonnull easy);
/// Also frees the header list. Take the handle out of its multi handle first.
void ctransport_easy_free(ctransport_easy *_Nonnull easy);
int ctransport_easy_set_url(ctransport_easy *_Nonnull easy, const char *_Nonnull url);
/// Sets the method and the body. curl copies both.
int ctransport_easy_set_request(ctransport_easy *_Nonnull easy, const char *_Nonnull method,
                                const uint8_t *_Nullable body, size_t body_count);
/// Adds a line as `Name: value`, or `Name;` for an empty value. curl copies it.
int ctransport_easy_add_header(ctransport_easy *_Nonnull easy, const char *_Nonnull line);
/// Both in milliseconds; 0 means curl's default for the first and no limit for the second.
int ctransport_easy_set_timeouts_ms(ctransport_easy *_Nonnull easy, long connect, long total);
/// Trusts the certificates in this PEM file instead of the system's.
int ctransport_easy_set_ca_bundle(ctransport_easy *_Nonnull easy, const char *_Nonnull path);
/// Talks to the host itself whatever the proxy variables of the environment say.
int ctransport_easy_bypass_proxy(ctransport_easy *_Nonnull easy);
/// Both callbacks run on the thread that drives the transfer, with `context`.
int ctransport_easy_on_answer(ctransport_easy *_Nonnull easy, ctransport_receive _Nonnull header,
                              ctransport_receive _Nonnull body, void *_Nullable context);
/// The HTTP status of the answer; 0 before there is one.
long ctransport_easy_status(ctransport_easy *_Nonnull easy);
/// What went wrong, in more words than ctransport_describe has; "" when curl said nothing. Lives as long as the handle.
const char *_Nonnull ctransport_easy_problem(ctransport_easy *_Nonnull easy);

ctransport_multi *_Nullable ctransport_multi_new(void);
/// Take every easy handle out first.
void ctransport_multi_free(ctransport_multi *_Nonnull multi);
/// Returns a CURLMcode, as do the other functions on multi handles; 0 is success.
int ctransport_multi_add(ctransport_multi *_Nonnull multi, ctransport_easy *_Nonnull easy);
int ctransport_multi_remove(ctransport_multi *_Nonnull multi, ctransport_easy *_Nonnull easy);
/// Moves every transfer on as far as it goes without waiting.
int ctransport_multi_perform(ctransport_multi *_Nonnull multi);
/// Waits for activity, a wakeup, or the timeout.
int ctransport_multi_wait(ctransport_multi *_Nonnull multi, int timeout_ms);
/// The one call that is safe from any thread.
int ctransport_multi_wakeup(ctransport_multi *_Nonnull multi);
/// The next finished transfer and its CURLcode, or NULL.
ctransport_easy *_Nullable ctransport_multi_next_done(ctransport_multi *_Nonnull multi, int *_Nonnull code);

// MARK: - XML, from expat

/// An element of a document. Its places count bytes of the document's text; the text is not terminated.
typedef struct ctransport_xml_element {
    /// Without its prefix.
    uint32_t name;
    uint32_t name_count;
    /// What stands directly inside; blanks between child elements do not count.
    uint32_t text;
    uint32_t text_count;
    /// The place of the next element that does not lie inside this one. Those inside stand between the two, so that the
    /// first child, if there is one, stands right behind its parent.
    uint32_t end;
} ctransport_xml_element;

/// A document as it was read: its elements in the order they begin.
typedef struct ctransport_xml_document {
    uint8_t *_Nullable text;
    size_t text_count;
    ctransport_xml_element *_Nullable elements;
    size_t element_count;
} ctransport_xml_document;

/// Why a document was not read to its end.
typedef enum ctransport_xml_outcome {
    CTRANSPORT_XML_DONE = 0,
    /// Not well-formed, or cut short.
    CTRANSPORT_XML_MALFORMED = 1,
    /// It declares a document type, so it could define entities; refused unread.
    CTRANSPORT_XML_DOCTYPE = 2,
    /// More elements lie in one another than the limit allows.
    CTRANSPORT_XML_TOO_DEEP = 3,
    CTRANSPORT_XML_NO_MEMORY = 4,
} ctransport_xml_outcome;

/// Reads a whole document. `line` gets the line where reading ended; `problem` a text that lives forever. Where it is
/// done, `document` is the caller's to free; otherwise there is nothing in it.
ctransport_xml_outcome ctransport_xml_read(const uint8_t *_Nonnull bytes, size_t count, size_t depth_limit,
                                           ctransport_xml_document *_Nonnull document, long *_Nonnull line,
                                           const char *_Nonnull *_Nonnull problem);
void ctransport_xml_free(ctransport_xml_document *_Nonnull document);

// MARK: - Digests, from OpenSSL

/// HMAC-SHA-256; writes 32 bytes to `digest`. Returns 1, or 0 on failure.
int ctransport_hmac_sha256(const uint8_t *_Nullable key, size_t key_count, const uint8_t *_Nullable message,
                           size_t message_count, uint8_t *_Nonnull digest);
/// SHA-256; writes 32 bytes to `digest`. Returns 1, or 0 on failure.
int ctransport_sha256(const uint8_t *_Nullable message, size_t message_count, uint8_t *_Nonnull digest);
/// MD5, for SQS's checksums only; writes 16 bytes to `digest`. Returns 1, or 0 where a FIPS build forbids it.
int ctransport_md5(const uint8_t *_Nullable message, size_t message_count, uint8_t *_Nonnull digest);

/// Starts a program, found along PATH, in a process group of its own, without standard input and error.
///
/// `argv` has at least a program and, like `envp`, ends with NULL. On success `pid` is the caller's to wait for and
/// `output` the reading end of the program's standard output, non-blocking, the caller's to close. Returns 1, or 0 when
/// nothing was started.
int ctransport_spawn(char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp, int *_Nonnull pid,
                     int *_Nonnull output);

#endif
