// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

static const uint8_t empty = 0;

// EVP_sha256() only names an algorithm, and OpenSSL 3 looks for it in its providers at each use. Found once and kept for
// good; NULL where a provider has none.
static EVP_MD *sha256_algorithm, *md5_algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void) {
    sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    md5_algorithm = EVP_MD_fetch(NULL, "MD5", NULL);
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

// RFC 2104 over the digest found above: HMAC() would look for both algorithms again.
int ctransport_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *message, size_t message_count,
                           uint8_t *digest) {
    enum { block = 64, size = 32 };
    uint8_t inner[block] = {0}, outer[block];
    if (key_count > block) {
        if (!digest_with(sha256(), key, key_count, inner, size)) return 0;
    } else if (key_count > 0) {
        memcpy(inner, key, key_count);
    }
    for (size_t place = 0; place < block; place++) {
        outer[place] = inner[place] ^ 0x5c;
        inner[place] ^= 0x36;
    }
    const EVP_MD *algorithm = sha256();
    EVP_MD_CTX *context = algorithm ? EVP_MD_CTX_new() : NULL;
    int done = context && EVP_DigestInit_ex(context, algorithm, NULL) == 1 &&
               EVP_DigestUpdate(context, inner, block) == 1 &&
               EVP_DigestUpdate(context, message ? message : &empty, message_count) == 1 &&
               EVP_DigestFinal_ex(context, digest, NULL) == 1 && EVP_DigestInit_ex(context, algorithm, NULL) == 1 &&
               EVP_DigestUpdate(context, outer, block) == 1 && EVP_DigestUpdate(context, digest, size) == 1 &&
               EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_cleanse(inner, block);
    OPENSSL_cleanse(outer, block);
    return done;
}

int ctransport_sha256(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(sha256(), message, message_count, digest, 32);
}

int ctransport_md5(const uint8_t *message, size_t message_count, uint8_t *digest) {
    return digest_with(md5(), message, message_count, digest, 16);
}
