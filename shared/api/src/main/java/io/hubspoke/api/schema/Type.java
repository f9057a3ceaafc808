package io.hubspoke.api.schema;

/** What a field's value, or each element of a list or map, is. */
public sealed interface Type permits Scalar, Struct {}
