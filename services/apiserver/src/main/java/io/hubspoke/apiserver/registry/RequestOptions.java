package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.FieldSelector;
import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.resources.Resource;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/** Reads options from a request's query. */
record RequestOptions(ApiRequest request) {
  /** Between these a watch without a time-out ends, spread so that not all come back at once. */
  private static final long MIN_WATCH_SECONDS = 1_800;

  Selection selection(Resource resource) {
    return new Selection(
        resource,
        resource.type().namespaced() ? request.info().namespace() : "",
        LabelSelector.parse(request.param("labelSelector")),
        fields(FieldSelector.parse(request.param("fieldSelector"))));
  }

  /** Narrows a selector to the name that the request was authorized by. */
  private FieldSelector fields(FieldSelector selector) {
    String name = request.info().name();
    if (name.isEmpty()) {
      return selector;
    }
    FieldSelector.Term named = new FieldSelector.Term("metadata.name", name, false);
    if (!selector.isEmpty() && !selector.terms().contains(named)) {
      throw Status.badRequest("fieldSelector metadata.name doesn't match requested name")
          .toException();
    }
    return selector.isEmpty() ? new FieldSelector(List.of(named)) : selector;
  }

  ReadOptions read() {
    return ReadOptions.forList(request.query(), (int) number("limit"));
  }

  WriteOptions write(String kind) {
    String validation = request.param("fieldValidation");
    var directive = FieldValidation.Directive.of(validation);
    if (directive == null) {
      throw WriteOptions.invalid(
              kind,
              "FieldValueNotSupported",
              "fieldValidation",
              "Unsupported value: \""
                  + validation
                  + "\": supported values: \"Ignore\", \"Warn\", \"Strict\"")
          .toException();
    }
    return new WriteOptions(
        request.user(),
        WriteOptions.dryRun(request.query().getAll("dryRun"), kind),
        new FieldValidation(directive),
        origin(this::given));
  }

  /** Returns what webhooks are told of a write that this request asks for. */
  private ObjectNode given() {
    ObjectNode options = Json.object();
    for (String value : request.query().getAll("dryRun")) {
      options.withArray("dryRun").add(value);
    }
    for (String field : new String[] {"fieldManager", "fieldValidation"}) {
      String value = request.param(field);
      if (!value.isEmpty()) {
        options.put(field, value);
      }
    }
    return options;
  }

  /** Returns this request as the origin of what is done for it. */
  Origin origin(Supplier<ObjectNode> options) {
    return new Origin(options, request.notes());
  }

  long watchMillis() {
    long seconds = number("timeoutSeconds");
    if (seconds == 0) {
      seconds = MIN_WATCH_SECONDS + ThreadLocalRandom.current().nextLong(MIN_WATCH_SECONDS);
    }
    return seconds * 1_000;
  }

  /** Returns whether a watch is to begin with what exists and say where that ends. */
  boolean sendInitialEvents() {
    return ReadOptions.sendInitialEvents(request.query());
  }

  Rendering rendering(Resource resource) {
    var form = Representation.negotiate(request.http().getHeader("Accept"));
    return new Rendering(
        resource, form, request.param("includeObject"), !request.flag("noHeaders"));
  }

  private long number(String name) {
    String text = request.param(name);
    try {
      long number = text.isEmpty() ? 0 : Long.parseLong(text);
      if (number >= 0 && number <= Integer.MAX_VALUE) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Answered below, together with what is out of range.
    }
    throw Status.badRequest(name + ": Invalid value: \"" + text + "\": must be a whole number")
        .toException();
  }
}
