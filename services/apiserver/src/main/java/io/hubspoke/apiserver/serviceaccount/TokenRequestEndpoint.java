package io.hubspoke.apiserver.serviceaccount;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.MediaType;
import io.hubspoke.apiserver.http.RequestBody;
import io.hubspoke.apiserver.http.Warnings;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.tokens.TokenSigner;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Answers {@code POST serviceaccounts/NAME/token}: a token for the account, for the wanted
 * audiences and time, bound to a pod, secret or node if asked (authentication.k8s.io/v1
 * TokenRequest).
 */
final class TokenRequestEndpoint implements Endpoint {
  private static final String VERSION = "authentication.k8s.io/v1";
  private static final long DEFAULT_SECONDS = 3600;
  private static final long SHORTEST_SECONDS = 600;
  private static final long LONGEST_SECONDS = 1L << 32;

  /** What the admission of service accounts asks for; by it the server knows those tokens. */
  private static final long PROJECTED_SECONDS = 3607;

  private static final long EXTENDED_SECONDS = 365L * 24 * 3600;
  private static final int MOST_AUDIENCES = 64;
  private static final ResourceType TOKEN_REQUEST =
      new ResourceType(
          "authentication.k8s.io",
          "v1",
          "tokenrequests",
          "tokenrequest",
          "TokenRequest",
          true,
          List.of(),
          List.of(),
          Set.of("create"),
          Set.of());

  private final ServiceAccountOptions options;
  private final TokenKeyFiles files;
  private final Lister lister;
  private final Admission admission;
  private final Clock clock;
  private final TokenIssuer issuer;

  TokenRequestEndpoint(
      ServiceAccountOptions options,
      TokenKeyFiles files,
      Lister lister,
      Admission admission,
      Clock clock) {
    this.options = options;
    this.files = files;
    this.lister = lister;
    this.admission = admission;
    this.clock = clock;
    this.issuer = new TokenIssuer(options.issuers().getFirst());
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    if (!request.info().verb().equals("create")) {
      throw Status.methodNotAllowed().toException();
    }
    return RequestBody.object(request).compose(body -> answer(request, body));
  }

  private Future<Void> answer(ApiRequest request, ObjectNode body) {
    TokenSigner signer = files.current().signer();
    if (signer == null) {
      throw Status.unknownPath().toException();
    }
    ObjectNode account = complete(request, body);
    validate(body, Meta.name(account));
    AdmissionRequest asked =
        new AdmissionRequest(
            AdmissionRequest.Operation.CREATE,
            request.user(),
            ResourceTable.SERVICE_ACCOUNTS.type(),
            "token",
            Meta.namespace(account),
            Meta.name(account),
            body,
            null,
            false,
            new Origin(Json::object, request.notes()));
    admission.admit(asked);
    Promise<ObjectNode> here = Promise.promise();
    admission
        .review(asked)
        .map(changed -> changed.orElse(body))
        .onComplete(done -> request.context().runOnContext(v -> here.handle(done)));
    return here.future().compose(wanted -> issue(request, wanted, account, signer));
  }

  private Future<Void> issue(
      ApiRequest request, ObjectNode body, ObjectNode account, TokenSigner signer) {
    complete(request, body);
    validate(body, Meta.name(account));
    Warnings.add(request.http().response(), request.notes().warnings());
    ObjectNode spec = (ObjectNode) body.path("spec");
    TokenIssuer.Contents contents = contents(request, account, spec);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Meta.of(body).put("creationTimestamp", now.toString());
    String until = now.plusSeconds(spec.path("expirationSeconds").asLong()).toString();
    MediaType form = MediaType.preferred(request.http());
    // A signature takes long enough to hold up the other clients of an event loop.
    return request
        .context()
        .executeBlocking(() -> issuer.issue(signer, contents, now), false)
        .compose(
            token -> {
              body.putObject("status").put("token", token).put("expirationTimestamp", until);
              return request
                  .http()
                  .response()
                  .setStatusCode(201)
                  .putHeader("Content-Type", form.text())
                  .end(form.encode(body.put("kind", "TokenRequest").put("apiVersion", VERSION)));
            });
  }

  /** Fills in what the path and the defaults say; returns the account. */
  private ObjectNode complete(ApiRequest request, ObjectNode body) {
    String version = body.path("apiVersion").asText(VERSION);
    String kind = body.path("kind").asText("TokenRequest");
    if (!version.equals(VERSION) || !kind.equals("TokenRequest")) {
      throw Status.badRequest(
              "%s in version \"%s\" cannot be handled as a TokenRequest: expected %s, TokenRequest"
                  .formatted(kind, version, VERSION))
          .toException();
    }
    String name = request.info().name();
    String namespace = request.info().namespace();
    ObjectNode account = lister.need(ResourceTable.SERVICE_ACCOUNTS.type(), namespace, name);
    List<Cause> causes = new ArrayList<>();
    own(body, "name", name, causes);
    own(body, "namespace", namespace, causes);
    if (!causes.isEmpty()) {
      throw Status.invalid(TOKEN_REQUEST, name, causes).toException();
    }
    body.put("kind", "TokenRequest").put("apiVersion", VERSION).remove("status");
    Meta.of(body).put("name", name).put("namespace", namespace);
    if (!body.path("spec").isObject()) {
      body.putObject("spec");
    }
    ObjectNode spec = (ObjectNode) body.path("spec");
    if (spec.path("expirationSeconds").isNull() || !spec.has("expirationSeconds")) {
      spec.put("expirationSeconds", DEFAULT_SECONDS);
    }
    if (spec.path("boundObjectRef").isNull() || !spec.has("boundObjectRef")) {
      spec.putNull("boundObjectRef");
    }
    return account;
  }

  private static void own(ObjectNode body, String field, String value, List<Cause> causes) {
    String given = Meta.text(body, field);
    if (!given.isEmpty() && !given.equals(value)) {
      causes.add(
          new Cause(
              "FieldValueInvalid",
              "Invalid value: \"%s\": must match the service account %s".formatted(given, field),
              "metadata." + field));
    }
  }

  private static void validate(ObjectNode body, String name) {
    JsonNode spec = body.path("spec");
    JsonNode seconds = spec.path("expirationSeconds");
    List<Cause> causes = new ArrayList<>();
    if (!seconds.isIntegralNumber() || !seconds.canConvertToLong()) {
      causes.add(invalid("spec.expirationSeconds", seconds.toString(), "must be an integer"));
    } else if (seconds.asLong() < SHORTEST_SECONDS) {
      causes.add(
          invalid(
              "spec.expirationSeconds",
              seconds.toString(),
              "may not specify a duration less than 10 minutes"));
    } else if (seconds.asLong() > LONGEST_SECONDS) {
      causes.add(
          invalid(
              "spec.expirationSeconds",
              seconds.toString(),
              "may not specify a duration larger than 2^32 seconds"));
    }
    JsonNode audiences = spec.path("audiences");
    boolean listed = audiences.isArray() && audiences.size() <= MOST_AUDIENCES;
    for (JsonNode audience : audiences) {
      listed &= audience.isTextual();
    }
    if (spec.has("audiences") && !audiences.isNull() && !listed) {
      causes.add(
          invalid(
              "spec.audiences", "...", "must be a list of at most " + MOST_AUDIENCES + " texts"));
    }
    JsonNode bound = spec.path("boundObjectRef");
    if (!bound.isNull() && !bound.isObject()) {
      causes.add(invalid("spec.boundObjectRef", bound.toString(), "must be an object"));
    }
    if (!causes.isEmpty()) {
      throw Status.invalid(TOKEN_REQUEST, name, causes).toException();
    }
  }

  private static Cause invalid(String field, String value, String why) {
    return new Cause("FieldValueInvalid", "Invalid value: " + value + ": " + why, field);
  }

  private TokenIssuer.Contents contents(ApiRequest request, ObjectNode account, ObjectNode spec) {
    List<String> audiences = audiences(spec);
    JsonNode pod = null;
    JsonNode secret = null;
    JsonNode node = null;
    JsonNode ref = spec.path("boundObjectRef");
    if (ref.isObject()) {
      ObjectNode object = bound(ref, account);
      switch (ref.path("kind").asText()) {
        case "Pod" -> {
          pod = object;
          node = nodeOf(object);
        }
        case "Secret" -> secret = object;
        default -> node = object;
      }
    }
    long seconds = limited(request, spec);
    long warnAfter = 0;
    if (options.extendTokenExpiration()
        && pod != null
        && seconds == PROJECTED_SECONDS
        && Set.copyOf(audiences).equals(Set.copyOf(options.apiAudiences()))) {
      // Old clients never read the file again; they are told of it before they are shut out.
      warnAfter = seconds;
      seconds = EXTENDED_SECONDS;
    }
    return new TokenIssuer.Contents(account, pod, secret, node, audiences, seconds, warnAfter);
  }

  private List<String> audiences(ObjectNode spec) {
    if (spec.path("audiences").isEmpty()) {
      ArrayNode filled = spec.putArray("audiences");
      options.apiAudiences().forEach(filled::add);
    }
    List<String> audiences = new ArrayList<>();
    spec.path("audiences").forEach(audience -> audiences.add(audience.asText()));
    return audiences;
  }

  private ObjectNode bound(JsonNode ref, ObjectNode account) {
    String kind = ref.path("kind").asText("");
    String version = ref.path("apiVersion").asText("");
    String name = ref.path("name").asText("");
    ResourceType type =
        switch (version.indexOf('/') < 0 ? kind : "") {
          case "Pod" -> ResourceTable.PODS.type();
          case "Secret" -> ResourceTable.SECRETS.type();
          case "Node" -> ResourceTable.NODES.type();
          default ->
              throw Status.badRequest(
                      "cannot bind token to object of type %s, Kind=%s".formatted(version, kind))
                  .toException();
        };
    String namespace = type.namespaced() ? Meta.namespace(account) : "";
    ObjectNode object = lister.need(type, namespace, name);
    String runsAs = object.path("spec").path("serviceAccountName").asText("");
    if (kind.equals("Pod") && !runsAs.equals(Meta.name(account))) {
      throw Status.badRequest(
              "cannot bind token for serviceaccount \"%s\" to pod running with different"
                      .formatted(Meta.name(account))
                  + " serviceaccount name.")
          .toException();
    }
    String uid = ref.path("uid").asText("");
    if (!uid.isEmpty() && !uid.equals(Meta.uid(object))) {
      throw Status.conflict(
              type,
              name,
              ("the UID in the bound object reference (%s) does not match the UID in record. The"
                      + " object might have been deleted and then recreated")
                  .formatted(uid))
          .toException();
    }
    return object;
  }

  private JsonNode nodeOf(ObjectNode pod) {
    String name = pod.path("spec").path("nodeName").asText("");
    return name.isEmpty() ? null : lister.get(ResourceTable.NODES.type(), "", name);
  }

  private long limited(ApiRequest request, ObjectNode spec) {
    long wanted = spec.path("expirationSeconds").asLong();
    long most = options.maxTokenExpiration().toSeconds();
    if (most == 0 || wanted <= most) {
      return wanted;
    }
    spec.put("expirationSeconds", most);
    request
        .http()
        .response()
        .putHeader(
            "Warning",
            "299 - \"requested expiration of %d seconds shortened to %d seconds\""
                .formatted(wanted, most));
    return most;
  }
}
