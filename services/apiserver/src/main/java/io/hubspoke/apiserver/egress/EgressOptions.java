package io.hubspoke.apiserver.egress;

import java.nio.file.Path;

/**
 * Through what the apiserver dials towards the cluster; names are those of its flags. Without any
 * it dials directly.
 *
 * @param configFile {@code --egress-selector-config-file}; null for none
 * @param sshUser {@code --ssh-user}, as whom to log in at nodes; null for no SSH tunnels
 * @param sshKeyfile {@code --ssh-keyfile}, with which private key; made when it is missing
 * @param sshPort {@code --ssh-port}, where nodes' SSH servers listen
 */
public record EgressOptions(Path configFile, String sshUser, Path sshKeyfile, int sshPort) {
  /** The port of SSH. */
  public static final int SSH_PORT = 22;

  /** Directly. */
  public static final EgressOptions NONE = new EgressOptions(null, null, null, SSH_PORT);

  public EgressOptions {
    if ((sshUser == null) != (sshKeyfile == null)) {
      throw new IllegalArgumentException("--ssh-user and --ssh-keyfile must be given together");
    }
    if (sshUser != null && configFile != null) {
      throw new IllegalArgumentException(
          "--ssh-user and --egress-selector-config-file exclude each other: there is one way to"
              + " the nodes");
    }
    if (sshPort < 1 || sshPort > 65535) {
      throw new IllegalArgumentException(
          "--ssh-port must be between 1 and 65535, but is " + sshPort);
    }
  }

  /** As an {@code EgressSelectorConfiguration} says. */
  public static EgressOptions configured(Path configFile) {
    return new EgressOptions(configFile, null, null, SSH_PORT);
  }

  /** Through an SSH tunnel to each node. */
  public static EgressOptions ssh(String user, Path keyfile, int port) {
    return new EgressOptions(null, user, keyfile, port);
  }
}
