package io.hubspoke.kubelet;

import io.hubspoke.client.configuration.ConfigurationFile;
import io.hubspoke.client.configuration.LoggingSection;
import io.hubspoke.runtime.Flag;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** The fields of kubelet.config.k8s.io/v1beta1, and the flags that they stand for. */
final class ConfigurationFields {
  private static final ConfigurationFile.Kind KIND =
      new ConfigurationFile.Kind(
          "kubelet.config.k8s.io/v1beta1",
          "KubeletConfiguration",
          Map.ofEntries(
              Map.entry("address", "--address"),
              Map.entry("port", "--port"),
              Map.entry("staticPodPath", "--pod-manifest-path"),
              Map.entry("tlsCertFile", "--tls-cert-file"),
              Map.entry("tlsPrivateKeyFile", "--tls-private-key-file"),
              Map.entry("rotateCertificates", "--rotate-certificates"),
              Map.entry("serverTLSBootstrap", "--rotate-server-certificates"),
              Map.entry("authentication.x509.clientCAFile", "--client-ca-file"),
              Map.entry("authentication.anonymous.enabled", "--anonymous-auth"),
              Map.entry("authentication.webhook.enabled", "--authentication-token-webhook"),
              Map.entry(
                  "authentication.webhook.cacheTTL", "--authentication-token-webhook-cache-ttl"),
              Map.entry("authorization.mode", "--authorization-mode"),
              Map.entry(
                  "authorization.webhook.cacheAuthorizedTTL",
                  "--authorization-webhook-cache-authorized-ttl"),
              Map.entry(
                  "authorization.webhook.cacheUnauthorizedTTL",
                  "--authorization-webhook-cache-unauthorized-ttl"),
              Map.entry("streamingConnectionIdleTimeout", "--streaming-connection-idle-timeout"),
              Map.entry("nodeStatusUpdateFrequency", "--node-status-update-frequency"),
              Map.entry("nodeStatusReportFrequency", "--node-status-report-frequency"),
              Map.entry("nodeLeaseDurationSeconds", "--node-lease-duration"),
              Map.entry(
                  "crashLoopBackOff.maxContainerRestartPeriod", "--max-container-restart-period"),
              Map.entry("containerLogMaxSize", "--container-log-max-size"),
              Map.entry("maxPods", "--max-pods"),
              Map.entry("podCIDR", "--pod-cidr"),
              Map.entry("containerRuntimeEndpoint", "--container-runtime-endpoint"),
              Map.entry("enableDebuggingHandlers", "--enable-debugging-handlers"),
              Map.entry("enableSystemLogHandler", "--enable-system-log-handler"),
              Map.entry("healthzPort", "--healthz-port"),
              Map.entry("healthzBindAddress", "--healthz-bind-address"),
              Map.entry("registerNode", "--register-node")),
          Set.of("healthzPort"),
          Set.of("logging"),
          Set.of(
              "enableServer",
              "podLogsDir",
              "syncFrequency",
              "fileCheckFrequency",
              "httpCheckFrequency",
              "staticPodURL",
              "staticPodURLHeader",
              "readOnlyPort",
              "tlsCipherSuites",
              "tlsMinVersion",
              "registryPullQPS",
              "registryBurst",
              "imagePullCredentialsVerificationPolicy",
              "preloadedImagesVerificationAllowlist",
              "eventRecordQPS",
              "eventBurst",
              "enableContentionProfiling",
              "oomScoreAdj",
              "clusterDomain",
              "clusterDNS",
              "imageMinimumGCAge",
              "imageMaximumGCAge",
              "imageGCHighThresholdPercent",
              "imageGCLowThresholdPercent",
              "volumeStatsAggPeriod",
              "kubeletCgroups",
              "systemCgroups",
              "cgroupRoot",
              "cgroupsPerQOS",
              "cgroupDriver",
              "cpuManagerPolicy",
              "singleProcessOOMKill",
              "cpuManagerPolicyOptions",
              "cpuManagerReconcilePeriod",
              "memoryManagerPolicy",
              "topologyManagerPolicy",
              "topologyManagerScope",
              "topologyManagerPolicyOptions",
              "qosReserved",
              "runtimeRequestTimeout",
              "hairpinMode",
              "podPidsLimit",
              "resolvConf",
              "runOnce",
              "cpuCFSQuota",
              "cpuCFSQuotaPeriod",
              "nodeStatusMaxImages",
              "maxOpenFiles",
              "contentType",
              "kubeAPIQPS",
              "kubeAPIBurst",
              "serializeImagePulls",
              "maxParallelImagePulls",
              "evictionHard",
              "evictionSoft",
              "evictionSoftGracePeriod",
              "evictionPressureTransitionPeriod",
              "evictionMaxPodGracePeriod",
              "evictionMinimumReclaim",
              "mergeDefaultEvictionSettings",
              "podsPerCore",
              "enableControllerAttachDetach",
              "protectKernelDefaults",
              "makeIPTablesUtilChains",
              "iptablesMasqueradeBit",
              "iptablesDropBit",
              "featureGates",
              "failSwapOn",
              "memorySwap",
              "containerLogMaxFiles",
              "containerLogMaxWorkers",
              "containerLogMonitorInterval",
              "configMapAndSecretChangeDetectionStrategy",
              "systemReserved",
              "kubeReserved",
              "reservedSystemCPUs",
              "showHiddenMetricsForVersion",
              "systemReservedCgroup",
              "kubeReservedCgroup",
              "enforceNodeAllocatable",
              "allowedUnsafeSysctls",
              "volumePluginDir",
              "providerID",
              "kernelMemcgNotification",
              "enableSystemLogQuery",
              "shutdownGracePeriod",
              "shutdownGracePeriodCriticalPods",
              "shutdownGracePeriodByPodPriority",
              "reservedMemory",
              "enableProfilingHandler",
              "enableDebugFlagsHandler",
              "seccompDefault",
              "memoryThrottlingFactor",
              "registerWithTaints",
              "tracing",
              "localStorageCapacityIsolation",
              "imageServiceEndpoint",
              "failCgroupV1",
              "userNamespaces"));

  /** What a file leaves open is closed; without a file it is as flags alone always had it. */
  private static final Map<String, Object> CLOSED =
      Map.of(
          "authentication.anonymous.enabled", false,
          "authentication.webhook.enabled", true,
          "authorization.mode", "Webhook");

  private ConfigurationFields() {}

  /**
   * Has a command's options say what a file says, but for those that were given. Relative names of
   * files begin where the file is, as with the real kubelet.
   *
   * @throws IOException that names flag, file and field
   */
  static void read(Path file, CommandSpec command) throws IOException {
    var read = ConfigurationFile.apply(file, file.toAbsolutePath().getParent(), KIND, command);
    CLOSED.forEach((field, value) -> read.orElse(field, value, command));
    Flag.read("--config: " + file, () -> LoggingSection.of(read.field("logging"))).apply(command);
    read.tellIdle();
  }
}
