package io.hubspoke.apiserver.egress;

import java.nio.file.Path;

/**
 * Through what the apiserver dials towards the cluster; names are those of its flags. Without any
 * it dials directly.
 *
 * @param configFile {@code --egress-selector-config-file}; null for none
 * @param sshUser {@code --ssh-user}, as whom to log in at nodes; null for no SSH tunnels
 * @param sshKeyfile {@code --ssh-keyfile}, with which private key
 */
public record EgressOptions(Path configFile, String sshUser, Path sshKeyfile) {
  /** Directly. */
  public static final EgressOptions NONE = new EgressOptions(null, null, null);

  public EgressOptions {
    if ((sshUser == null) != (sshKeyfile == null)) {
      throw new IllegalArgumentException("--ssh-user and --ssh-keyfile must be given together");
    }
    if (sshUser != null && configFile != null) {
      throw new IllegalArgumentException(
          "--ssh-user and --egress-selector-config-file exclude each other: there is one way to"
              + " the nodes");
    }
  }

  /** As an {@code EgressSelectorConfiguration} says. */
  public static EgressOptions configured(Path configFile) {
    return new EgressOptions(configFile, null, null);
  }

  /** Through an SSH tunnel to each node. */
  public static EgressOptions ssh(String user, Path keyfile) {
    return new EgressOptions(null, user, keyfile);
  }
}
