// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
//
// The floor: what the same requests cost when nobody signs them, reads their answers or thinks.
//
//   floor URL TAPE CONNECTIONS [A_SECOND]
//
// TAPE holds requests one after the other: a line "<method> <path> <headers> <body bytes>\n", that many lines of
// headers, and the body. They are sent in that order, CONNECTIONS at a time, and the answers are read and dropped;
// with A_SECOND no sooner than so many a second.

#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tape {
    char *bytes, *next, *end;
};

struct transfer {
    CURL *handle;
    struct curl_slist *headers;
    bool busy;
};

static size_t drop(char *bytes, size_t size, size_t count, void *unused) {
    (void)bytes;
    (void)unused;
    return size * count;
}

static void fail(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    exit(2);
}

static struct tape load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail("the tape can't be opened");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) fail("the tape can't be read");
    bytes[size] = '\0';
    fclose(file);
    return (struct tape){.bytes = bytes, .next = bytes, .end = bytes + size};
}

// Cuts the tape's next line off; NULL at its end.
static char *line(struct tape *tape) {
    if (tape->next >= tape->end) return NULL;
    char *start = tape->next, *stop = memchr(start, '\n', (size_t)(tape->end - start));
    if (stop == NULL) fail("the tape ends in a line");
    *stop = '\0';
    tape->next = stop + 1;
    return start;
}

// Points a transfer to the tape's next request; false at its end.
static bool load_request(struct tape *tape, const char *origin, struct transfer *transfer) {
    char method[16], path[2048], url[4096];
    long headers = 0, length = 0;
    char *first = line(tape);
    if (first == NULL) return false;
    if (sscanf(first, "%15s %2047s %ld %ld", method, path, &headers, &length) != 4) fail("the tape has a bad line");
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    for (long index = 0; index < headers; index++) {
        char *header = line(tape);
        if (header == NULL) fail("the tape ends in headers");
        transfer->headers = curl_slist_append(transfer->headers, header);
    }
    if (tape->end - tape->next < length) fail("the tape ends in a body");
    snprintf(url, sizeof url, "%s%s", origin, path);
    curl_easy_setopt(transfer->handle, CURLOPT_URL, url);
    curl_easy_setopt(transfer->handle, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(transfer->handle, CURLOPT_POSTFIELDSIZE, length);
    curl_easy_setopt(transfer->handle, CURLOPT_POSTFIELDS, tape->next);
    tape->next += length;
    return true;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 4 && count != 5) fail("usage: floor URL TAPE CONNECTIONS [A_SECOND]");
    struct tape tape = load(arguments[2]);
    int connections = atoi(arguments[3]), busy = 0, sent = 0, begun = 0;
    double pace = count == 5 ? atof(arguments[4]) : 0;
    struct transfer *transfers = calloc((size_t)connections, sizeof *transfers);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    for (int index = 0; index < connections; index++) {
        transfers[index].handle = curl_easy_init();
        curl_easy_setopt(transfers[index].handle, CURLOPT_WRITEFUNCTION, drop);
        curl_easy_setopt(transfers[index].handle, CURLOPT_PRIVATE, &transfers[index]);
        curl_easy_setopt(transfers[index].handle, CURLOPT_NOSIGNAL, 1L);
    }
    double start = seconds();
    for (bool is_over = false; !is_over || busy > 0;) {
        double early = 0;
        for (int index = 0; index < connections && !is_over; index++) {
            if (transfers[index].busy) continue;
            early = pace > 0 ? start + begun / pace - seconds() : 0;
            if (early > 0) break;
            is_over = !load_request(&tape, arguments[1], &transfers[index]);
            if (is_over) break;
            curl_multi_add_handle(multi, transfers[index].handle);
            transfers[index].busy = true;
            busy++;
            begun++;
        }
        int running = 0, left = 0;
        curl_multi_perform(multi, &running);
        CURLMsg *message;
        bool has_ended = false;
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            if (message->msg != CURLMSG_DONE) continue;
            if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
            struct transfer *transfer = NULL;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
            curl_multi_remove_handle(multi, transfer->handle);
            transfer->busy = false;
            has_ended = true;
            busy--;
            sent++;
        }
        // With time to spare it waits for an answer or for the next request's moment, whichever comes first.
        int patience = early > 0 ? (int)(early * 1000) + 1 : 1000;
        if (!has_ended && (busy > 0 || early > 0)) curl_multi_poll(multi, NULL, 0, patience, NULL);
    }
    printf("%d requests\n", sent);
    return 0;
}
