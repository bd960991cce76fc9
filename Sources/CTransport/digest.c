// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

static const uint8_t empty = 0;

// EVP_sha256() only names an algorithm, and OpenSSL 3 looks for it in its providers at each use. Found once and kept for
// good; NULL where a provider has none.
static EVP_MD *sha256_algorithm, *md5_algorithm;
static EVP_MAC_CTX *hmac_of_sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void) {
    sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    md5_algorithm = EVP_MD_fetch(NULL, "MD5", NULL);
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    if (context && EVP_MAC_CTX_set_params(context, parameters) == 1) {
        hmac_of_sha256 = context;
    } else {
        EVP_MAC_CTX_free(context);
    }
}

static const EVP_MD *sha256(void) {
    pthread_once(&fetched, fetch);
    return sha256_algorithm;
}

static const EVP_MD *md5(void) {
    pthread_once(&fetched, fetch);
    return md5_algorithm;
}

static int digest_with(const EVP_MD *algorithm, const uint8_t *message, size_t count, uint8_t *digest,
                       unsigned int expected) {
    unsigned int written = 0;
    return algorithm &&
           EVP_Digest(message ? message : &empty, count, digest, &written, algorithm, NULL) == 1 && written == expected;
}

// Each call copies the context that knows its digest already: HMAC() would look for both algorithms again.
int ctransport_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *message, size_t message_count,
                           uint8_t *digest) {
    pthread_once(&fetched, fetch);
    EVP_MAC_CTX *context = hmac_of_sha256 ? EVP_MAC_CTX_dup(hmac_of_sha256) : NULL;
    size_t written = 0;
    // Without a key, a null pointer would mean the one that is set already.
    int done = context && EVP_MAC_init(context, key ? key : &empty, key_count, NULL) == 1 &&
               EVP_MAC_update(context, message ? message : &empty, message_count) == 1 &&
               EVP_MAC_final(context, digest, &written, 32) == 1 && written == 32;
    EVP_MAC_CTX_free(context);
    return done;
}

int ctransport_sha256(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(sha256(), message, message_count, digest, 32);
}

int ctransport_md5(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(md5(), message, message_count, digest, 16);
}
