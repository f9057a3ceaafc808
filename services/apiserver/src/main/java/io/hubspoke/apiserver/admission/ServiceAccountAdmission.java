package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Gives each new pod a service account that is there, its image pull secrets, and a volume with a
 * token of its own for the API ("ServiceAccount admission controller").
 */
public final class ServiceAccountAdmission implements Admission {
  private static final String DEFAULT = "default";
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final String VOLUME = "kube-api-access-";
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  /** An hour and seven seconds, by which the server knows these tokens among others. */
  private static final long TOKEN_SECONDS = 3607;

  private static final int WAIT_MILLIS = 50;
  private static final int WAITS = 40;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Vertx vertx;
  private final Lister lister;

  public ServiceAccountAdmission(Vertx vertx, Lister lister) {
    this.vertx = vertx;
    this.lister = lister;
  }

  /** Waits a little for the default account, which a controller makes in each new namespace. */
  @Override
  public Future<Void> ready(AdmissionRequest request) {
    boolean concerned =
        concerns(request)
            && !Meta.annotations(request.object()).containsKey(MIRROR)
            && wanted(request.object().path("spec")).equals(DEFAULT)
            && lister.get(ResourceTable.NAMESPACES.type(), "", request.namespace()) != null;
    return concerned ? await(request.namespace(), WAITS) : Future.succeededFuture();
  }

  private Future<Void> await(String namespace, int times) {
    if (times == 0 || account(namespace, DEFAULT) != null) {
      return Future.succeededFuture();
    }
    return vertx
        .timer(WAIT_MILLIS, TimeUnit.MILLISECONDS)
        .compose(t -> await(namespace, times - 1));
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (!concerns(request)) {
      return;
    }
    ObjectNode pod = request.object();
    ObjectNode spec = pod.get("spec") instanceof ObjectNode given ? given : pod.putObject("spec");
    if (Meta.annotations(pod).containsKey(MIRROR)) {
      mirror(request, spec);
      return;
    }
    String name = wanted(spec);
    spec.put("serviceAccountName", name).put("serviceAccount", name);
    ObjectNode account = account(request.namespace(), name);
    if (account == null) {
      throw refuse(
          request,
          "error looking up service account %s/%s: serviceaccount \"%s\" not found"
              .formatted(request.namespace(), name, name));
    }
    if (spec.path("imagePullSecrets").isEmpty() && !account.path("imagePullSecrets").isEmpty()) {
      spec.set("imagePullSecrets", account.path("imagePullSecrets").deepCopy());
    }
    if (mounts(spec, account)) {
      mount(spec);
    }
  }

  private static boolean concerns(AdmissionRequest request) {
    return request.operation() == Operation.CREATE
        && request.subresource().isEmpty()
        && request.type().qualifiedName().equals("pods");
  }

  /** What a node shows of its own is not the control plane's to give credentials to. */
  private static void mirror(AdmissionRequest request, ObjectNode spec) {
    if (!spec.path("serviceAccountName").asText("").isEmpty()) {
      throw refuse(request, "a mirror pod may not reference service accounts");
    }
    for (JsonNode volume : spec.path("volumes")) {
      if (volume.has("secret")) {
        throw refuse(request, "a mirror pod may not reference secrets");
      }
      for (JsonNode source : volume.path("projected").path("sources")) {
        if (source.has("serviceAccountToken")) {
          throw refuse(request, "a mirror pod may not use ServiceAccountToken volume projections");
        }
        if (source.has("secret")) {
          throw refuse(request, "a mirror pod may not reference secrets");
        }
      }
    }
  }

  private static String wanted(JsonNode spec) {
    String name = spec.path("serviceAccountName").asText("");
    // The older name of the field.
    String older = spec.path("serviceAccount").asText("");
    return !name.isEmpty() ? name : !older.isEmpty() ? older : DEFAULT;
  }

  private ObjectNode account(String namespace, String name) {
    return lister.get(ResourceTable.SERVICE_ACCOUNTS.type(), namespace, name);
  }

  private static boolean mounts(JsonNode spec, JsonNode account) {
    String field = "automountServiceAccountToken";
    return spec.path(field).asBoolean(account.path(field).asBoolean(true));
  }

  private static void mount(ObjectNode spec) {
    String volume = null;
    for (JsonNode present : spec.path("volumes")) {
      if (present.path("name").asText("").startsWith(VOLUME)) {
        volume = present.path("name").asText();
      }
    }
    boolean present = volume != null;
    String name = present ? volume : VOLUME + suffix();
    boolean needed = false;
    for (String field : List.of("initContainers", "containers")) {
      for (JsonNode container : spec.path(field)) {
        if (container instanceof ObjectNode object && !hasMount(object)) {
          mounts(object)
              .addObject()
              .put("name", name)
              .put("readOnly", true)
              .put("mountPath", MOUNT_PATH);
          needed = true;
        }
      }
    }
    if (needed && !present) {
      ArrayNode volumes =
          spec.get("volumes") instanceof ArrayNode given ? given : spec.putArray("volumes");
      volumes.add(tokenVolume(name));
    }
  }

  private static boolean hasMount(JsonNode container) {
    for (JsonNode mount : container.path("volumeMounts")) {
      if (mount.path("mountPath").asText("").equals(MOUNT_PATH)) {
        return true;
      }
    }
    return false;
  }

  private static ArrayNode mounts(ObjectNode container) {
    return container.get("volumeMounts") instanceof ArrayNode given
        ? given
        : container.putArray("volumeMounts");
  }

  private static ObjectNode tokenVolume(String name) {
    ObjectNode volume = Json.object().put("name", name);
    ArrayNode sources = volume.putObject("projected").put("defaultMode", 420).putArray("sources");
    sources
        .addObject()
        .putObject("serviceAccountToken")
        .put("expirationSeconds", TOKEN_SECONDS)
        .put("path", "token");
    sources
        .addObject()
        .putObject("configMap")
        .put("name", "kube-root-ca.crt")
        .putArray("items")
        .addObject()
        .put("key", "ca.crt")
        .put("path", "ca.crt");
    sources
        .addObject()
        .putObject("downwardAPI")
        .putArray("items")
        .addObject()
        .put("path", "namespace")
        .putObject("fieldRef")
        .put("apiVersion", "v1")
        .put("fieldPath", "metadata.namespace");
    return volume;
  }

  private static String suffix() {
    StringBuilder suffix = new StringBuilder(5);
    for (int i = 0; i < 5; i++) {
      suffix.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return suffix.toString();
  }

  private static RuntimeException refuse(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
