// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors
#include "CTransport.h"

#include <expat.h>
#include <limits.h>

struct reading {
    XML_Parser parser;
    ctransport_xml_element start;
    ctransport_xml_element end;
    ctransport_xml_text text;
    void *context;
    ctransport_xml_outcome outcome;
};

static void stop(struct reading *reading, ctransport_xml_outcome outcome) {
    // expat may still deliver what it has at hand; only the first reason counts.
    if (reading->outcome == CTRANSPORT_XML_DONE) { reading->outcome = outcome; }
    XML_StopParser(reading->parser, XML_FALSE);
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes) {
    (void)attributes;
    struct reading *reading = data;
    if (reading->outcome == CTRANSPORT_XML_DONE && !reading->start(name, reading->context)) {
        stop(reading, CTRANSPORT_XML_STOPPED);
    }
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
    struct reading *reading = data;
    if (reading->outcome == CTRANSPORT_XML_DONE && !reading->end(name, reading->context)) {
        stop(reading, CTRANSPORT_XML_STOPPED);
    }
}

static void XMLCALL on_text(void *data, const XML_Char *bytes, int count) {
    struct reading *reading = data;
    if (reading->outcome == CTRANSPORT_XML_DONE) { reading->text(bytes, count, reading->context); }
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                               int has_internal_subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal_subset;
    stop(data, CTRANSPORT_XML_DOCTYPE);
}

ctransport_xml_outcome ctransport_xml_parse(const uint8_t *bytes, size_t count, ctransport_xml_element start,
                                            ctransport_xml_element end, ctransport_xml_text text, void *context,
                                            long *line, const char **problem) {
    *line = 1;
    *problem = "";
    if (count > INT_MAX) {
        *problem = "too large";
        return CTRANSPORT_XML_MALFORMED;
    }
    XML_Parser parser = XML_ParserCreate(NULL);
    if (parser == NULL) { return CTRANSPORT_XML_NO_MEMORY; }
    struct reading reading = {parser, start, end, text, context, CTRANSPORT_XML_DONE};
    XML_SetUserData(parser, &reading);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    if (XML_Parse(parser, (const char *)bytes, (int)count, 1) != XML_STATUS_OK &&
        reading.outcome == CTRANSPORT_XML_DONE) {
        reading.outcome = CTRANSPORT_XML_MALFORMED;
        const char *words = XML_ErrorString(XML_GetErrorCode(parser));
        *problem = words ? words : "";
    }
    *line = (long)XML_GetCurrentLineNumber(parser);
    XML_ParserFree(parser);
    return reading.outcome;
}
