// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#define _GNU_SOURCE
#include "CTransport.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int output) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    failed |= posix_spawn_file_actions_adddup2(actions, output, 1);
    failed |= posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
#ifdef __GLIBC__
    // Everything of ours is opened with O_CLOEXEC; this is for what a library forgot.
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    // Signals that this process ignores or blocks would stay so in the program.
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    failed |= posix_spawnattr_setpgroup(attributes, 0);
    failed |= posix_spawnattr_setflags(attributes,
                                       POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return failed;
}

int ctransport_spawn(char *const *argv, char *const *envp, int *pid, int *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return 0;
    }
    // Only the reading end is ours; a program does not expect writing to fail because nobody has read yet.
    int ready = fcntl(ends[1], F_SETFL, 0) == 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child = 0;
    if (ready && posix_spawn_file_actions_init(&actions) == 0) {
        ready = posix_spawnattr_init(&attributes) == 0;
        if (ready) {
            ready = set_up(&actions, &attributes, ends[1]) == 0 &&
                    posix_spawnp(&child, argv[0], &actions, &attributes, argv, envp) == 0;
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    } else {
        ready = 0;
    }
    close(ends[1]);
    if (!ready) {
        close(ends[0]);
        return 0;
    }
    *pid = child;
    *output = ends[0];
    return 1;
}
