// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static const uint8_t empty = 0;

static int digest_with(const EVP_MD *algorithm, const uint8_t *message, size_t count, uint8_t *digest,
                       unsigned int expected) {
    unsigned int written = 0;
    return EVP_Digest(message ? message : &empty, count, digest, &written, algorithm, NULL) == 1 && written == expected;
}

int ctransport_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *message, size_t message_count,
                           uint8_t *digest) {
    unsigned int written = 0;
    return HMAC(EVP_sha256(), key ? key : &empty, (int)key_count, message ? message : &empty, message_count, digest,
                &written) != NULL &&
           written == 32;
}

int ctransport_sha256(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(EVP_sha256(), message, message_count, digest, 32);
}

int ctransport_md5(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(EVP_md5(), message, message_count, digest, 16);
}
