package io.hubspoke.apiserver;

import io.hubspoke.apiserver.egress.EgressOptions;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The flags about the way to nodes, pods and services. */
final class EgressFlags {
  @Option(
      names = "--egress-selector-config-file",
      paramLabel = "FILE",
      description =
          "EgressSelectorConfiguration that says how to reach the cluster, the control plane and"
              + " etcd (default: directly).")
  private Path configFile;

  @Option(
      names = "--ssh-user",
      paramLabel = "NAME",
      description = "User as whom to open an SSH tunnel to each node (default: no tunnels).")
  private String sshUser;

  @Option(
      names = "--ssh-keyfile",
      paramLabel = "FILE",
      description =
          "Private key of that user; made when it is missing, with the public key that nodes are"
              + " to let in beside it, in FILE.pub.")
  private Path sshKeyfile;

  @Option(
      names = "--ssh-port",
      paramLabel = "PORT",
      description = "Where nodes' SSH servers listen (hubspoke's own; default: ${DEFAULT-VALUE}).")
  private int sshPort = EgressOptions.SSH_PORT;

  /** Returns what they say; throws IllegalArgumentException when they contradict each other. */
  EgressOptions options() {
    // An empty user means none, as in the real apiserver.
    return new EgressOptions(
        configFile, sshUser == null || sshUser.isEmpty() ? null : sshUser, sshKeyfile, sshPort);
  }
}
