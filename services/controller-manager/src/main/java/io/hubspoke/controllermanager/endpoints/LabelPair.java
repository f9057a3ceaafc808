package io.hubspoke.controllermanager.endpoints;

/** One label of the objects of a namespace, under which an index finds what has or selects it. */
record LabelPair(String namespace, String label, String value) {}
