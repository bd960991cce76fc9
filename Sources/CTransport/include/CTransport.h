// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#ifndef CTRANSPORT_H
#define CTRANSPORT_H

#include <stddef.h>
#include <stdint.h>

// The Swift side never sees <curl/curl.h>, <openssl/evp.h> or <expat.h>: handles are opaque, options are typed
// functions (curl_easy_setopt is variadic, so Swift cannot import it), and every pointer carries its nullability.

/// HMAC-SHA-256; writes 32 bytes to `digest`. Returns 1, or 0 on failure.
int ctransport_hmac_sha256(const uint8_t *_Nullable key, size_t key_count, const uint8_t *_Nullable message,
                           size_t message_count, uint8_t *_Nonnull digest);
/// SHA-256; writes 32 bytes to `digest`. Returns 1, or 0 on failure.
int ctransport_sha256(const uint8_t *_Nullable message, size_t message_count, uint8_t *_Nonnull digest);
/// MD5, for SQS's checksums only; writes 16 bytes to `digest`. Returns 1, or 0 where a FIPS build forbids it.
int ctransport_md5(const uint8_t *_Nullable message, size_t message_count, uint8_t *_Nonnull digest);

#endif
