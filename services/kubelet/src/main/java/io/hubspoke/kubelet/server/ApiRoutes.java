package io.hubspoke.kubelet.server;

import io.hubspoke.api.Json;
import io.hubspoke.streams.PortForwardServer;
import io.hubspoke.streams.RemoteCommandServer;
import io.hubspoke.streams.StreamTimeouts;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;

/** The table of the API's paths. */
final class ApiRoutes {
  private ApiRoutes() {}

  static Routes of(Vertx vertx, ServerOptions options, NodeState node) {
    Health health = new Health(vertx, node.syncLoop());
    Metrics metrics = new Metrics(node);
    PodLists lists = new PodLists(node.pods());
    Routes routes =
        new Routes()
            .any("/healthz", health::all)
            .any("/healthz/ping", health::ok)
            .any("/healthz/log", health::ok)
            .any("/healthz/syncloop", health::syncLoop)
            .get("/pods", lists::all)
            .any("/metrics", metrics::kubelet)
            .any("/metrics/resource", waiting(vertx, metrics::resource))
            .any("/metrics/cadvisor", waiting(vertx, metrics::cadvisor))
            .getAndPost("/stats/summary", waiting(vertx, new Summary(node)::serve));
    if (options.debuggingHandlers()) {
      addDebugging(routes, vertx, options, node);
    } else {
      addRefusals(routes);
    }
    return routes;
  }

  private static void addDebugging(
      Routes routes, Vertx vertx, ServerOptions options, NodeState node) {
    StreamTimeouts timeouts =
        new StreamTimeouts(StreamTimeouts.DEFAULT.creation(), options.streamIdleTimeout());
    RemoteCommands commands =
        new RemoteCommands(node.runtime(), node.pods(), new RemoteCommandServer(vertx, timeouts));
    PortForwards forwards =
        new PortForwards(node.runtime(), node.pods(), new PortForwardServer(vertx, timeouts));
    Routes.Handler files =
        options.systemLogHandler()
            ? waiting(vertx, new LogFiles(vertx, node.rootDir().resolve("logs"))::serve)
            : refusing("logs endpoint is disabled.");
    ContainerLogs logs = new ContainerLogs(vertx, node.pods());
    routes
        .get("/containerLogs/{podNamespace}/{podID}/{containerName}", waiting(vertx, logs::serve))
        .getAndPost("/exec/{podNamespace}/{podID}/{containerName}", commands::exec)
        .getAndPost("/exec/{podNamespace}/{podID}/{uid}/{containerName}", commands::exec)
        .getAndPost("/attach/{podNamespace}/{podID}/{containerName}", commands::attach)
        .getAndPost("/attach/{podNamespace}/{podID}/{uid}/{containerName}", commands::attach)
        .post("/run/{podNamespace}/{podID}/{containerName}", commands::run)
        .post("/run/{podNamespace}/{podID}/{uid}/{containerName}", commands::run)
        .getAndPost("/portForward/{podNamespace}/{podID}", forwards::serve)
        .getAndPost("/portForward/{podNamespace}/{podID}/{uid}", forwards::serve)
        .get("/runningpods", new PodLists(node.pods())::running)
        .any(
            "/configz",
            exchange -> {
              var configz = Json.object();
              configz.set("kubeletconfig", node.configuration().get());
              exchange.json(configz.toString());
            })
        .get("/logs/*", files)
        .any("/debug/pprof/*", refusing("profiling endpoint is disabled."))
        .any("/debug/flags/v", refusing("flags endpoint is disabled."));
  }

  /** What an API without exec and its like says of them. */
  private static void addRefusals(Routes routes) {
    for (String root :
        new String[] {
          "/run/*",
          "/exec/*",
          "/attach/*",
          "/portForward/*",
          "/containerLogs/*",
          "/runningpods/*",
          "/debug/pprof/*",
          "/logs/*"
        }) {
      routes.any(root, refusing("Debug endpoints are disabled."));
    }
  }

  private static Routes.Handler refusing(String message) {
    return exchange -> exchange.refuse(405, message + "\n");
  }

  /** Serves on a virtual thread of its own, which may wait. */
  private static Routes.Handler waiting(Vertx vertx, Routes.Handler handler) {
    return exchange ->
        ((VertxInternal) vertx)
            .createVirtualThreadContext()
            .runOnContext(v -> Routes.serve(handler, exchange));
  }
}
