package io.hubspoke.lab;

import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.lab.join.PublicKeyPins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** By what those who join know a cluster, and are let in; kubeadm's flags. */
class DiscoveryFlags {
  /** A controller signs for a new token. */
  static final Duration PATIENCE = Duration.ofSeconds(3);

  @ArgGroup private TokenOption token;

  /** The token, or where it is. */
  static final class TokenOption {
    @Option(names = "--token", paramLabel = "TOKEN", description = "The bootstrap token.")
    private String value;

    @Option(
        names = "--token-file",
        paramLabel = "FILE",
        description = "A file with the bootstrap token, which ps does not show.")
    private Path file;
  }

  @Option(
      names = "--discovery-token-ca-cert-hash",
      split = ",",
      paramLabel = "HASH",
      description =
          "The public key of the cluster's authority, as sha256: and its hash; several are"
              + " possible.")
  private List<String> hashes = List.of();

  @Option(
      names = "--discovery-token-unsafe-skip-ca-verification",
      description = "Believe whatever authority the token vouches for.")
  private boolean skipCaVerification;

  final JoinToken token(CommandSpec spec) throws IOException {
    if (token == null) {
      throw new ParameterException(spec.commandLine(), "--token or --token-file is needed to join");
    }
    var text = token.file == null ? token.value : Files.readString(token.file).strip();
    return parsed(
        spec, token.file == null ? "--token: " : "--token-file: ", () -> JoinToken.parse(text));
  }

  final PublicKeyPins pins(CommandSpec spec) {
    if (hashes.isEmpty() && !skipCaVerification) {
      throw new ParameterException(
          spec.commandLine(),
          "--discovery-token-ca-cert-hash is needed, by which the cluster is known"
              + " (--discovery-token-unsafe-skip-ca-verification does without)");
    }
    return parsed(spec, "--discovery-token-ca-cert-hash: ", () -> new PublicKeyPins(hashes));
  }

  static <T> T parsed(CommandSpec spec, String flag, Supplier<T> read) {
    try {
      return read.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), flag + e.getMessage(), e);
    }
  }
}
