package io.hubspoke.tunnel.ssh;

import java.security.KeyPair;
import java.time.Duration;
import java.util.Objects;

/**
 * How to log in at nodes, and how long to wait for what.
 *
 * @param user whom the nodes know
 * @param key by which they know him
 * @param localAddress to dial from; null for the system's choice
 * @param loginTimeout for connecting and logging in, each
 * @param dialTimeout for a connection from the far end to its target
 * @param aliveInterval after which the far end is asked whether it is still there
 * @param aliveCountMax how many of such questions stay without an answer before it counts as gone
 */
public record SshOptions(
    String user,
    KeyPair key,
    String localAddress,
    Duration loginTimeout,
    Duration dialTimeout,
    Duration aliveInterval,
    int aliveCountMax) {
  public SshOptions {
    Objects.requireNonNull(user, "user");
    Objects.requireNonNull(key, "key");
  }

  public SshOptions(String user, KeyPair key) {
    this(user, key, null, Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(5), 3);
  }

  public SshOptions withLocalAddress(String address) {
    return new SshOptions(
        user, key, address, loginTimeout, dialTimeout, aliveInterval, aliveCountMax);
  }

  public SshOptions withTimeouts(Duration login, Duration dial) {
    return new SshOptions(user, key, localAddress, login, dial, aliveInterval, aliveCountMax);
  }

  public SshOptions withAlive(Duration interval, int countMax) {
    return new SshOptions(user, key, localAddress, loginTimeout, dialTimeout, interval, countMax);
  }
}
