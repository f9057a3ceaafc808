package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;

/** Where a webhook is. */
sealed interface Destination {
  int HTTPS_PORT = 443;

  /** Reads a valid {@code clientConfig}. */
  static Destination of(JsonNode config) {
    JsonNode service = config.path("service");
    if (!service.isObject()) {
      return new Url(URI.create(config.path("url").asText("")));
    }
    String path = service.path("path").asText("");
    return new Service(
        service.path("namespace").asText(""),
        service.path("name").asText(""),
        service.path("port").asInt(HTTPS_PORT),
        path.startsWith("/") ? path : "/" + path);
  }

  /** Returns the name that its certificate must have. */
  String host();

  int port();

  String path();

  /** Returns its address for people. */
  default String text() {
    return "https://" + host() + ":" + port() + path();
  }

  /** A service of the cluster. */
  record Service(String namespace, String name, int port, String path) implements Destination {
    @Override
    public String host() {
      return name + "." + namespace + ".svc";
    }
  }

  /** Anywhere; administrators alone can say so. */
  record Url(URI url) implements Destination {
    @Override
    public String host() {
      String host = url.getHost();
      return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    @Override
    public int port() {
      return url.getPort() < 0 ? HTTPS_PORT : url.getPort();
    }

    @Override
    public String path() {
      String path = url.getRawPath();
      return path == null || path.isEmpty() ? "/" : path;
    }

    @Override
    public String text() {
      return url.toString();
    }
  }
}
