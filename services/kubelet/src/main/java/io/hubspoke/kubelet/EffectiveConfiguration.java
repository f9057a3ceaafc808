package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.kubelet.server.ServerOptions;
import io.hubspoke.runtime.GoDuration;

/** Tells what a kubelet goes by as the {@code KubeletConfiguration} that would say the same. */
final class EffectiveConfiguration {
  private EffectiveConfiguration() {}

  /**
   * Returns the fields of {@code kubelet.config.k8s.io/v1beta1} that have a meaning here.
   *
   * @param port that the API listens on
   */
  static ObjectNode of(KubeletOptions options, int port) {
    ServerOptions server = options.server();
    ObjectNode json = Json.object();
    json.put("enableServer", true);
    json.put("address", server.address()).put("port", port);
    if (options.tlsCertFile() != null) {
      json.put("tlsCertFile", options.tlsCertFile().toString());
      json.put("tlsPrivateKeyFile", options.tlsPrivateKeyFile().toString());
    }
    json.put("rotateCertificates", options.rotateCertificates());
    json.put("serverTLSBootstrap", options.rotateServerCertificates());
    ObjectNode authentication = json.putObject("authentication");
    ObjectNode x509 = authentication.putObject("x509");
    if (server.clientCaFile() != null) {
      x509.put("clientCAFile", server.clientCaFile().toString());
    }
    authentication
        .putObject("webhook")
        .put("enabled", server.tokenWebhook())
        .put("cacheTTL", GoDuration.format(server.tokenCacheTtl()));
    authentication.putObject("anonymous").put("enabled", server.anonymousAuth());
    ObjectNode authorization =
        json.putObject("authorization").put("mode", server.authorizationMode().toString());
    if (server.authorizationMode() == AuthorizationMode.WEBHOOK) {
      authorization
          .putObject("webhook")
          .put("cacheAuthorizedTTL", GoDuration.format(server.authorizedTtl()))
          .put("cacheUnauthorizedTTL", GoDuration.format(server.unauthorizedTtl()));
    }
    json.put("nodeStatusUpdateFrequency", GoDuration.format(options.nodeStatusUpdateFrequency()));
    json.put("nodeStatusReportFrequency", GoDuration.format(options.nodeStatusReportFrequency()));
    json.put("nodeLeaseDurationSeconds", options.nodeLeaseDuration().toSeconds());
    json.put("maxPods", options.maxPods());
    if (!options.podCidr().isEmpty()) {
      json.put("podCIDR", options.podCidr());
    }
    if (options.podManifestPath() != null) {
      json.put("staticPodPath", options.podManifestPath().toString());
    }
    json.put("containerRuntimeEndpoint", options.containerRuntimeEndpoint().toString());
    json.put("containerLogMaxSize", String.valueOf(options.maxLogSize()));
    json.putObject("crashLoopBackOff")
        .put("maxContainerRestartPeriod", GoDuration.format(options.maxCrashLoopBackOff()));
    json.put("streamingConnectionIdleTimeout", GoDuration.format(server.streamIdleTimeout()));
    json.put("healthzPort", server.healthz() == null ? 0 : server.healthz().port());
    if (server.healthz() != null) {
      json.put("healthzBindAddress", server.healthz().host());
    }
    json.put("enableDebuggingHandlers", server.debuggingHandlers());
    json.put("enableSystemLogHandler", server.systemLogHandler());
    json.put("enableProfilingHandler", false).put("enableDebugFlagsHandler", false);
    json.put("registerNode", options.registerNode());
    return json;
  }
}
