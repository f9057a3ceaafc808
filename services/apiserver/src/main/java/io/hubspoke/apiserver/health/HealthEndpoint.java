package io.hubspoke.apiserver.health;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Answers {@code /livez}, {@code /readyz} and {@code /healthz}, {@code ?verbose}, {@code ?exclude=}
 * and one check by its path ("Kubernetes API health endpoints").
 */
public final class HealthEndpoint implements Endpoint {
  private final String name;
  private final List<HealthChecks.Check> checks;

  /**
   * Answers one of the probes.
   *
   * @param name {@code livez}, {@code readyz} or {@code healthz}
   */
  public HealthEndpoint(String name, HealthChecks all) {
    this.name = name;
    this.checks =
        all.list().stream().filter(check -> check.liveness() || name.equals("readyz")).toList();
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    String path = request.info().path();
    if (!request.info().verb().equals("get") && !request.info().verb().equals("head")) {
      throw Status.methodNotAllowed().toException();
    }
    return path.equals("/" + name) ? all(request) : one(request, path.substring(name.length() + 2));
  }

  private Future<Void> all(ApiRequest request) {
    Set<String> exclude = new HashSet<>(request.query().getAll("exclude"));
    StringBuilder report = new StringBuilder();
    boolean healthy = true;
    for (HealthChecks.Check check : checks) {
      if (exclude.remove(check.name())) {
        report.append("[+]").append(check.name()).append(" excluded: ok\n");
      } else if (check.healthy().getAsBoolean()) {
        report.append("[+]").append(check.name()).append(" ok\n");
      } else {
        healthy = false;
        report.append("[-]").append(check.name()).append(" failed: reason withheld\n");
      }
    }
    if (!exclude.isEmpty()) {
      report.append("warn: some health checks cannot be excluded: no matches for \"");
      report.append(String.join("\",\"", exclude)).append("\"\n");
    }
    if (!healthy) {
      return answer(request, 500, report.append(name).append(" check failed\n").toString());
    }
    boolean verbose = request.query().contains("verbose");
    return answer(
        request, 200, verbose ? report.append(name).append(" check passed\n").toString() : "ok");
  }

  private Future<Void> one(ApiRequest request, String wanted) {
    for (HealthChecks.Check check : checks) {
      if (check.name().equals(wanted)) {
        return check.healthy().getAsBoolean()
            ? answer(request, 200, "ok")
            : answer(request, 500, "internal server error: " + wanted + " is not healthy\n");
      }
    }
    throw Status.unknownPath().toException();
  }

  private static Future<Void> answer(ApiRequest request, int code, String text) {
    HttpServerResponse response =
        request
            .http()
            .response()
            .setStatusCode(code)
            .putHeader("Content-Type", "text/plain; charset=utf-8")
            .putHeader("X-Content-Type-Options", "nosniff");
    return request.http().method().equals(HttpMethod.HEAD) ? response.end() : response.end(text);
  }
}
