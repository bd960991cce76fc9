// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#include "CTransport.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void ctransport_spare_memory(void) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}
