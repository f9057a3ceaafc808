package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.discovery.Subresource;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.Query;
import io.hubspoke.apiserver.http.Warnings;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Has webhooks judge an exec, attach, port-forward or proxied request before it goes on (operation
 * {@code CONNECT}): what they see is an object such as {@code PodExecOptions}.
 */
public final class ConnectReview implements Endpoint {
  private static final List<String> FLAGS = List.of("stdin", "stdout", "stderr", "tty");

  private final ResourceType type;
  private final Admission admission;
  private final Endpoint next;

  public ConnectReview(ResourceType type, Admission admission, Endpoint next) {
    this.type = type;
    this.admission = admission;
    this.next = next;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    if (!admission.hasWebhooks()) {
      return next.handle(request);
    }
    ObjectNode options = options(request);
    Promise<ApiRequest> here = Promise.promise();
    admission
        .review(
            new AdmissionRequest(
                AdmissionRequest.Operation.CONNECT,
                request.user(),
                type,
                request.info().subresource(),
                request.info().namespace(),
                request.info().name(),
                options,
                null,
                false,
                new Origin(Json::object, request.notes())))
        .map(changed -> changed.map(made -> request.with(query(request, made))).orElse(request))
        .onComplete(done -> request.context().runOnContext(v -> here.handle(done)));
    return here.future()
        .compose(
            allowed -> {
              Warnings.add(request.http().response(), request.notes().warnings());
              return next.handle(allowed);
            });
  }

  private ObjectNode options(ApiRequest request) {
    Subresource kind = Subresource.of(type, request.info().subresource());
    ObjectNode options = Json.object().put("kind", kind.kind()).put("apiVersion", kind.version());
    switch (request.info().subresource()) {
      case "portforward" -> {
        for (String port : request.query().getAll("ports")) {
          options.withArray("ports").add(number(port));
        }
      }
      case "proxy" -> {
        if (!request.info().remainder().isEmpty()) {
          options.put("path", request.info().remainder());
        }
      }
      default -> {
        for (String flag : FLAGS) {
          if (request.flag(flag)) {
            options.put(flag, true);
          }
        }
        if (!request.param("container").isEmpty()) {
          options.put("container", request.param("container"));
        }
        for (String word : request.query().getAll("command")) {
          options.withArray("command").add(word);
        }
      }
    }
    return options;
  }

  private static int number(String port) {
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException e) {
      throw Status.badRequest("strconv.ParseInt: parsing \"" + port + "\": invalid syntax")
          .toException();
    }
  }

  /** Returns the query that options stand for which a webhook has changed. */
  private static Query query(ApiRequest request, ObjectNode options) {
    if (request.info().subresource().equals("proxy")) {
      throw Status.internalError("a webhook has changed where a proxied request goes")
          .toException();
    }
    Map<String, List<String>> parameters = new HashMap<>();
    for (Map.Entry<String, JsonNode> option : options.properties()) {
      List<String> values = new ArrayList<>();
      if (option.getValue().isArray()) {
        option.getValue().forEach(value -> values.add(value.asText()));
      } else {
        values.add(option.getValue().asText());
      }
      parameters.put(option.getKey(), values);
    }
    return new Query(parameters);
  }
}
