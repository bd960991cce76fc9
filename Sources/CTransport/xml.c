// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/// Bytes that grow.
struct buffer {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
};

struct reading {
    XML_Parser parser;
    ctransport_xml_outcome outcome;
    size_t depth_limit;
    size_t depth;
    /// The open elements, by their places; as many as the depth limit.
    uint32_t *open;
    ctransport_xml_element *elements;
    size_t element_count;
    size_t element_capacity;
    /// Names, and the texts of elements that have ended.
    struct buffer text;
    /// The texts of open elements, one after the other; each begins where its element says.
    struct buffer pending;
};

static void stop(struct reading *reading, ctransport_xml_outcome outcome) {
    // expat may still deliver what it has at hand; only the first reason counts.
    if (reading->outcome == CTRANSPORT_XML_DONE) { reading->outcome = outcome; }
    XML_StopParser(reading->parser, XML_FALSE);
}

static int append(struct buffer *buffer, const void *bytes, size_t count) {
    // Places are kept in 32 bits.
    if (count > UINT32_MAX - buffer->count) { return 0; }
    if (buffer->count + count > buffer->capacity) {
        size_t capacity = 2 * buffer->capacity + count + 1024;
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (grown == NULL) { return 0; }
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    if (count > 0) { memcpy(buffer->bytes + buffer->count, bytes, count); }
    buffer->count += count;
    return 1;
}

static ctransport_xml_element *new_element(struct reading *reading) {
    if (reading->element_count == reading->element_capacity) {
        size_t capacity = 2 * reading->element_capacity + 64;
        ctransport_xml_element *grown = realloc(reading->elements, capacity * sizeof *grown);
        if (grown == NULL) { return NULL; }
        reading->elements = grown;
        reading->element_capacity = capacity;
    }
    return &reading->elements[reading->element_count++];
}

/// The name without its prefix, where what is left is a name by itself.
static const char *local_name(const char *name) {
    const char *colon = strrchr(name, ':');
    if (colon == NULL) { return name; }
    char first = colon[1];
    int begins_a_name = (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') || first == '_';
    return begins_a_name ? colon + 1 : name;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes) {
    (void)attributes;
    struct reading *reading = data;
    if (reading->outcome != CTRANSPORT_XML_DONE) { return; }
    if (reading->depth == reading->depth_limit) { return stop(reading, CTRANSPORT_XML_TOO_DEEP); }
    ctransport_xml_element *element = new_element(reading);
    if (element == NULL) { return stop(reading, CTRANSPORT_XML_NO_MEMORY); }
    const char *local = local_name(name);
    size_t count = strlen(local);
    element->name = (uint32_t)reading->text.count;
    element->name_count = (uint32_t)count;
    // Where its text begins among those of open elements; `on_end` puts the final place here.
    element->text = (uint32_t)reading->pending.count;
    element->text_count = 0;
    element->end = 0;
    if (!append(&reading->text, local, count)) { return stop(reading, CTRANSPORT_XML_NO_MEMORY); }
    reading->open[reading->depth++] = (uint32_t)(reading->element_count - 1);
}

static int is_blank(const uint8_t *bytes, size_t count) {
    for (size_t place = 0; place < count; place++) {
        if (bytes[place] != ' ' && (bytes[place] < '\t' || bytes[place] > '\r')) { return 0; }
    }
    return 1;
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
    (void)name;
    struct reading *reading = data;
    if (reading->outcome != CTRANSPORT_XML_DONE || reading->depth == 0) { return; }
    uint32_t place = reading->open[--reading->depth];
    ctransport_xml_element *element = &reading->elements[place];
    size_t start = element->text, count = reading->pending.count - start;
    int has_children = reading->element_count > (size_t)place + 1;
    if (count > 0 && has_children && is_blank(reading->pending.bytes + start, count)) { count = 0; }
    element->text = (uint32_t)reading->text.count;
    element->text_count = (uint32_t)count;
    element->end = (uint32_t)reading->element_count;
    if (count > 0 && !append(&reading->text, reading->pending.bytes + start, count)) {
        return stop(reading, CTRANSPORT_XML_NO_MEMORY);
    }
    reading->pending.count = start;
}

static void XMLCALL on_text(void *data, const XML_Char *bytes, int count) {
    struct reading *reading = data;
    if (reading->outcome == CTRANSPORT_XML_DONE && !append(&reading->pending, bytes, (size_t)count)) {
        stop(reading, CTRANSPORT_XML_NO_MEMORY);
    }
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                               int has_internal_subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal_subset;
    stop(data, CTRANSPORT_XML_DOCTYPE);
}

static ctransport_xml_outcome parse(struct reading *reading, const uint8_t *bytes, int count, long *line,
                                    const char **problem) {
    XML_Parser parser = reading->parser;
    XML_SetUserData(parser, reading);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    if (XML_Parse(parser, (const char *)bytes, count, 1) != XML_STATUS_OK &&
        reading->outcome == CTRANSPORT_XML_DONE) {
        reading->outcome = CTRANSPORT_XML_MALFORMED;
        const char *words = XML_ErrorString(XML_GetErrorCode(parser));
        *problem = words ? words : "";
    }
    *line = (long)XML_GetCurrentLineNumber(parser);
    return reading->outcome;
}

ctransport_xml_outcome ctransport_xml_read(const uint8_t *bytes, size_t count, size_t depth_limit,
                                           ctransport_xml_document *document, long *line, const char **problem) {
    *document = (ctransport_xml_document){NULL, 0, NULL, 0};
    *line = 1;
    *problem = "";
    if (count > INT_MAX) {
        *problem = "too large";
        return CTRANSPORT_XML_MALFORMED;
    }
    struct reading reading = {.outcome = CTRANSPORT_XML_DONE, .depth_limit = depth_limit};
    reading.parser = XML_ParserCreate(NULL);
    reading.open = calloc(depth_limit > 0 ? depth_limit : 1, sizeof *reading.open);
    ctransport_xml_outcome outcome = CTRANSPORT_XML_NO_MEMORY;
    if (reading.parser != NULL && reading.open != NULL) {
        outcome = parse(&reading, bytes, (int)count, line, problem);
    }
    if (reading.parser != NULL) { XML_ParserFree(reading.parser); }
    free(reading.open);
    free(reading.pending.bytes);
    *document = (ctransport_xml_document){reading.text.bytes, reading.text.count, reading.elements,
                                          reading.element_count};
    if (outcome != CTRANSPORT_XML_DONE) { ctransport_xml_free(document); }
    return outcome;
}

void ctransport_xml_free(ctransport_xml_document *document) {
    free(document->text);
    free(document->elements);
    *document = (ctransport_xml_document){NULL, 0, NULL, 0};
}
