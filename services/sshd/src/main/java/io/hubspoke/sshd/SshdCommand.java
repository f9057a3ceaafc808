package io.hubspoke.sshd;

import io.hubspoke.api.AddressRange;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a node's SSH server from the command line; its flags are named as sshd_config's options. */
@Command(
    name = "sshd",
    description =
        "Runs a node's end of SSH tunnels: forwards connections to the node's own addresses for"
            + " one user, and has no shell.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke sshd --listen-address=127.10.0.1 --port=2222 --host-key=ssh_host_ed25519_key \\",
      "    --authorized-keys-file=authorized_keys --permit-open=127.10.0.1/32,127.20.1.0/24"
    })
public final class SshdCommand implements Callable<Integer> {
  private static final SshdOptions.Limits DEFAULT = SshdOptions.Limits.DEFAULT;

  @Spec private CommandSpec spec;

  @Option(
      names = "--listen-address",
      paramLabel = "IP",
      description = "where it listens (${DEFAULT-VALUE})")
  private String listenAddress = "0.0.0.0";

  @Option(names = "--port", description = "on which port (${DEFAULT-VALUE})")
  private int port = 22;

  @Option(
      names = "--host-key",
      required = true,
      paramLabel = "FILE",
      split = ",",
      description = "private keys of the server; what is missing is made")
  private List<Path> hostKeys = new ArrayList<>();

  @Option(
      names = "--authorized-keys-file",
      required = true,
      paramLabel = "FILE",
      description = "public keys of the user, a line each; followed when it changes")
  private Path authorizedKeys;

  @Option(
      names = "--allow-users",
      paramLabel = "NAME",
      description = "the one user who may log in (${DEFAULT-VALUE})")
  private String user = "hubspoke";

  @Option(
      names = "--permit-open",
      split = ",",
      paramLabel = "CIDR",
      description =
          "addresses to which connections are forwarded, at any port: the node's own and its pods'"
              + " (the address it listens on)")
  private List<String> permitOpen = new ArrayList<>();

  @Option(
      names = "--bind-address",
      paramLabel = "IP",
      description = "from where forwarded connections are opened (the system's choice)")
  private String bindAddress;

  @Option(
      names = "--login-grace-time",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "time for logging in (2m0s)")
  private Duration loginGraceTime = DEFAULT.loginGraceTime();

  @Option(
      names = "--max-auth-tries",
      description = "attempts to log in on one connection (${DEFAULT-VALUE})")
  private int maxAuthTries = DEFAULT.maxAuthTries();

  @Option(
      names = "--max-startups",
      description = "connections at a time on which nobody has logged in yet (${DEFAULT-VALUE})")
  private int maxStartups = DEFAULT.maxStartups();

  @Option(
      names = "--max-channels",
      description =
          "forwarded connections at a time of one connection (hubspoke's own; ${DEFAULT-VALUE})")
  private int maxChannels = DEFAULT.maxChannels();

  @Option(
      names = "--client-alive-interval",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "after which a client is asked whether it is there, 0s for never (15s)")
  private Duration clientAliveInterval = DEFAULT.clientAliveInterval();

  @Option(
      names = "--client-alive-count-max",
      description = "how many such questions may stay without an answer (${DEFAULT-VALUE})")
  private int clientAliveCountMax = DEFAULT.clientAliveCountMax();

  @Option(
      names = "--health-bind-address",
      paramLabel = "IP",
      description = "where health and metrics are served (hubspoke's own; ${DEFAULT-VALUE})")
  private String healthBindAddress = "127.0.0.1";

  @Option(
      names = "--health-port",
      description = "on which port; 0 for none (hubspoke's own; ${DEFAULT-VALUE})")
  private int healthPort;

  @Option(names = "-t", description = "only checks flags and keys; nothing is written")
  private boolean test;

  @Option(
      names = "-A",
      description = "only makes keys of --host-key that are missing, as ssh-keygen -A does")
  private boolean makeHostKeys;

  @Override
  public Integer call() throws IOException {
    if (makeHostKeys) {
      for (Path hostKey : hostKeys) {
        Flag.read("--host-key", () -> KeyFile.readOrMake(hostKey, "host"));
      }
      return 0;
    }
    SshdOptions options = options();
    if (test) {
      for (Path hostKey : hostKeys) {
        if (Files.exists(hostKey)) {
          Flag.read("--host-key", () -> KeyFile.read(hostKey));
        }
      }
      Flag.read("--authorized-keys-file", () -> PublicKeys.read(authorizedKeys));
      return 0;
    }
    return Component.run(new Sshd(options), System.err);
  }

  /** Returns the options that the flags give. */
  SshdOptions options() {
    try {
      port("--port", port);
      port("--health-port", healthPort);
      String health = address("--health-bind-address", healthBindAddress).getHostAddress();
      return new SshdOptions(
          address("--listen-address", listenAddress).getHostAddress(),
          port,
          user,
          authorizedKeys,
          hostKeys,
          permitted(),
          bindAddress == null ? null : address("--bind-address", bindAddress).getHostAddress(),
          new SshdOptions.Limits(
              loginGraceTime,
              positive("--max-auth-tries", maxAuthTries),
              positive("--max-startups", maxStartups),
              positive("--max-channels", maxChannels),
              DEFAULT.connectTimeout(),
              clientAliveInterval,
              positive("--client-alive-count-max", clientAliveCountMax)),
          healthPort == 0
              ? Optional.empty()
              : Optional.of(SocketAddress.inetSocketAddress(healthPort, health)));
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  private List<AddressRange> permitted() throws IOException {
    if (permitOpen.isEmpty()) {
      InetAddress own = address("--listen-address", listenAddress);
      if (own.isAnyLocalAddress()) {
        throw new IllegalArgumentException(
            "--permit-open must be given when --listen-address is " + listenAddress);
      }
      return List.of(new AddressRange(own, own.getAddress().length * Byte.SIZE));
    }
    List<AddressRange> ranges = new ArrayList<>();
    for (String range : permitOpen) {
      ranges.add(Flag.read("--permit-open", () -> AddressRange.parse(range)));
    }
    return ranges;
  }

  private static InetAddress address(String flag, String value) throws IOException {
    return Flag.read(flag, () -> InetAddress.ofLiteral(value));
  }

  private static void port(String flag, int value) {
    if (value < 0 || value > 65535) {
      throw new IllegalArgumentException(flag + " must be between 0 and 65535, but is " + value);
    }
  }

  private static int positive(String flag, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(flag + " must be at least 1, but is " + value);
    }
    return value;
  }
}
