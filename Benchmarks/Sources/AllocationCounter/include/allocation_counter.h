// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

/// How often this process has asked for memory so far.
uint64_t allocation_counter_read(void);

#endif
