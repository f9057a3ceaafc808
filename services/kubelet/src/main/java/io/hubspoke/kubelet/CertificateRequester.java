package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for a certificate by a CertificateSigningRequest and waits until it is issued, denied or
 * failed.
 */
final class CertificateRequester {
  private static final Logger LOG = LoggerFactory.getLogger(CertificateRequester.class);
  private static final Set<String> KNOWN_CONDITIONS = Set.of("Approved", "Denied", "Failed");

  private static final Resource<ObjectNode> REQUESTS = Resource.CERTIFICATE_SIGNING_REQUESTS.tree();

  /** The request was answered, and the answer is no. */
  static final class RefusedException extends Exception {
    RefusedException(String message) {
      super(message);
    }
  }

  private final ApiClient client;
  private final Context context;
  private final Lifetime lifetime;

  CertificateRequester(ApiClient client, Context context, Lifetime lifetime) {
    this.lifetime = lifetime;
    this.client = client;
    this.context = context;
  }

  /**
   * Gets a certificate; waits, so call it on a virtual thread.
   *
   * @param limit how long it waits for an answer
   * @throws RefusedException when it was denied or could not be signed
   * @throws TimeoutException when nobody answered
   */
  Identity request(
      CertificateStore.PendingRequest pending,
      String signerName,
      List<String> usages,
      Duration limit)
      throws RefusedException, TimeoutException {
    String name = "node-csr-" + digest(signerName + "\n" + pending.pem());
    ObjectNode request = submit(name, pending.pem(), signerName, usages);
    String pem = await(name, request.path("metadata").path("uid").asText(), limit);
    try {
      return new Identity(pending.key(), Pem.parseCertificates(pem));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(
          "certificate request \"" + name + "\" was answered with what is none: " + e.getMessage());
    }
  }

  private ObjectNode submit(String name, String pem, String signerName, List<String> usages)
      throws RefusedException {
    ObjectNode object =
        Json.object()
            .put("apiVersion", "certificates.k8s.io/v1")
            .put("kind", "CertificateSigningRequest");
    object.putObject("metadata").put("name", name);
    ObjectNode spec = object.putObject("spec").put("signerName", signerName);
    String encoded = Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
    spec.put("request", encoded);
    usages.forEach(spec.putArray("usages")::add);
    try {
      return client.create(REQUESTS, "", object).await();
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
    // Made by this node before it was restarted; anyone else's is not for this key.
    ObjectNode existing = client.get(REQUESTS, "", name).await();
    if (!existing.path("spec").path("request").asText().equals(encoded)) {
      throw new RefusedException("certificate request \"" + name + "\" exists for another key");
    }
    return existing;
  }

  /** Returns the certificate in PEM. */
  private String await(String name, String uid, Duration limit)
      throws RefusedException, TimeoutException {
    Promise<ObjectNode> answered = Promise.promise();
    Informer<ObjectNode> informer =
        new Informer<>(
                client,
                REQUESTS,
                ListOptions.ALL.withFieldSelector("metadata.name=" + name),
                context)
            .addHandler(new AnswerHandler(uid, answered));
    Future<Void> started = informer.start();
    try (var _ = lifetime.atEnd(() -> answered.tryFail("stopped"))) {
      ObjectNode answer =
          // Not await's own limit: the thread that it wakes can't wait again (Vert.x 5.0.7).
          answered.future().timeout(limit.toMillis(), TimeUnit.MILLISECONDS).await();
      JsonNode status = answer.path("status");
      for (JsonNode condition : status.path("conditions")) {
        String type = condition.path("type").asText();
        if (type.equals("Denied") || type.equals("Failed")) {
          throw new RefusedException(
              "certificate request \"%s\" %s: %s: %s"
                  .formatted(
                      name,
                      type.equals("Denied") ? "was denied" : "failed",
                      condition.path("reason").asText(),
                      condition.path("message").asText()));
        }
      }
      return new String(
          Base64.getDecoder().decode(status.path("certificate").asText()),
          StandardCharsets.US_ASCII);
    } finally {
      informer.stop().eventually(() -> started).otherwiseEmpty();
    }
  }

  private static String digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 20);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK provides SHA-256", e);
    }
  }

  /** Waits for a state that does not change any more. */
  private record AnswerHandler(String uid, Promise<ObjectNode> answered, Set<String> told)
      implements Informer.Handler<ObjectNode> {
    AnswerHandler(String uid, Promise<ObjectNode> answered) {
      this(uid, answered, new HashSet<>());
    }

    @Override
    public void added(Item<ObjectNode> item) {
      JsonNode status = item.object().path("status");
      boolean certificate = !status.path("certificate").asText("").isEmpty();
      boolean refused = false;
      for (JsonNode condition : status.path("conditions")) {
        String type = condition.path("type").asText();
        refused |= type.equals("Denied") || type.equals("Failed");
        String message = condition.path("message").asText();
        // An approver may say so why it leaves a request to a person.
        if (!KNOWN_CONDITIONS.contains(type) && !certificate && told.add(message)) {
          LOG.warn("certificate request \"{}\" waits: {}", item.key().name(), message);
        }
      }
      if (item.uid().equals(uid) && (certificate || refused)) {
        answered.tryComplete(item.object());
      }
    }

    @Override
    public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
      added(now);
    }

    @Override
    public void deleted(Item<ObjectNode> last) {
      answered.tryFail(
          new RefusedException("certificate request \"" + last.key() + "\" was deleted"));
    }
  }
}
