package io.hubspoke.lab.images;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.Program;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Image {@code hubspoke/api-client}: a program that asks the apiserver as programs in pods do. It
 * takes the address from {@code KUBERNETES_SERVICE_HOST} and {@code _PORT}, authority, token and
 * namespace from where they are mounted, and calls from its pod's own address, each time on a
 * connection of its own. What it was answered is a line of JSON each. Arguments: {@code
 * --get=PATH}, as often as wanted, {@code --whoami}, and {@code --interval=500ms} to ask again and
 * again.
 */
public final class ApiClientImage {
  public static final String NAME = "hubspoke/api-client";

  private static final String MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/";
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authentication.k8s.io", "v1", "selfsubjectreviews", ObjectNode.class);

  private ApiClientImage() {}

  /**
   * Returns the image.
   *
   * @param change what differs from a careful client; a broken protection is one
   */
  public static InProcessImage of(UnaryOperator<ClientConfig> change) {
    return new InProcessImage(
        NAME, "/usr/local/bin/api-client", given -> new Client(given, change));
  }

  private static final class Client implements Program {
    private final Surroundings given;
    private final UnaryOperator<ClientConfig> change;
    private final Promise<Integer> exit = Promise.promise();
    private final List<String> paths = new ArrayList<>();
    private boolean whoami;
    private long interval;
    private long round;
    private boolean good;
    private boolean over;
    private ApiClient client;

    Client(Surroundings given, UnaryOperator<ClientConfig> change) {
      this.given = given;
      this.change = change;
    }

    @Override
    public Future<Integer> run() {
      for (var argument : given.arguments()) {
        if (argument.startsWith("--get=/")) {
          paths.add(argument.substring("--get=".length()));
        } else if (argument.equals("--whoami")) {
          whoami = true;
        } else if (argument.matches("--interval=\\d{1,6}ms")) {
          interval = Long.parseLong(argument.replaceAll("\\D", ""));
        } else {
          given.err(
              "api-client: unknown argument \""
                  + argument
                  + "\"; there are --get=/PATH, --whoami, --interval=NUMBERms");
          return Future.succeededFuture(2);
        }
      }
      ask();
      return exit.future();
    }

    /** Asks everything once, and again after a while where that is wanted. */
    private void ask() {
      if (over) {
        return;
      }
      round++;
      good = true;
      given
          .context()
          .executeBlocking(this::config)
          .compose(this::askAs)
          .onFailure(failure -> tell(false, Json.object().put("failed", Component.reason(failure))))
          .onComplete(
              asked -> {
                if (interval == 0) {
                  exit.tryComplete(good ? 0 : 1);
                } else {
                  given.context().owner().setTimer(interval, again -> ask());
                }
              });
    }

    private ClientConfig config() throws IOException {
      var env = given.config().env();
      var host = env.getOrDefault("KUBERNETES_SERVICE_HOST", "");
      var port = env.getOrDefault("KUBERNETES_SERVICE_PORT", "");
      if (host.isEmpty() || port.isEmpty()) {
        throw new IOException("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
      }
      return change.apply(
          ClientConfig.of(
                  "https://" + host + ":" + port,
                  Pem.readCertificates(given.files().file(MOUNT + "ca.crt")),
                  new Credentials.Token(read("token")))
              .withLocalAddress(given.ip())
              .withTimeout(TIMEOUT)
              .withUserAgent("api-client/" + read("namespace")));
    }

    private String read(String file) throws IOException {
      return Files.readString(given.files().file(MOUNT + file)).strip();
    }

    private Future<Void> askAs(ClientConfig config) {
      client = new ApiClient(given.context().owner(), config);
      Future<Void> asked = Future.succeededFuture();
      if (whoami) {
        asked = asked.compose(v -> review());
      }
      for (var path : paths) {
        asked =
            asked.compose(
                v ->
                    tellAnswer(
                        "GET " + path,
                        client.raw(path).map(body -> body.toString(StandardCharsets.UTF_8))));
      }
      return asked.eventually(client::close);
    }

    private Future<Void> review() {
      var question =
          Json.object()
              .put("apiVersion", "authentication.k8s.io/v1")
              .put("kind", "SelfSubjectReview");
      return tellAnswer(
          "whoami", client.create(REVIEWS, "", question).map(review -> review.toString()));
    }

    private Future<Void> tellAnswer(String asked, Future<String> answer) {
      return answer.transform(
          got -> {
            var line = Json.object().put("asked", asked);
            if (got.succeeded()) {
              line.put("status", 200).put("body", got.result());
            } else if (got.cause() instanceof ApiException refusal) {
              line.put("status", refusal.code()).put("body", refusal.getMessage());
            } else {
              line.put("status", 0).put("failed", Component.reason(got.cause()));
            }
            tell(got.succeeded(), line);
            return Future.succeededFuture();
          });
    }

    private void tell(boolean answered, ObjectNode line) {
      good &= answered;
      given.out(line.put("round", round).toString());
    }

    @Override
    public void terminate() {
      kill().onComplete(closed -> exit.tryComplete(SIGNALLED + SIGTERM));
    }

    @Override
    public Future<Void> kill() {
      over = true;
      return client == null ? Future.succeededFuture() : client.close().otherwiseEmpty();
    }
  }
}
