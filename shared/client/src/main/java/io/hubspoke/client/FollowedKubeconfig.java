package io.hubspoke.client;

import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.FollowedFiles;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * Follows a kubeconfig file and the files that it names: certificates and tokens are renewed in
 * place, as client-go expects of them, and authorities too.
 */
final class FollowedKubeconfig {
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private final FollowedFiles<Said> files;

  private record Said(
      List<Path> files, List<X509Certificate> authorities, Credentials credentials) {}

  private FollowedKubeconfig(FollowedFiles<Said> files) {
    this.files = files;
  }

  /**
   * Follows the file of a configuration until {@link #stop}.
   *
   * @param preferred changes what the file says
   * @param changed gets credentials and authorities, also when they are the same as before
   */
  static FollowedKubeconfig follow(
      Vertx vertx,
      ClientConfig config,
      UnaryOperator<ClientConfig> preferred,
      BiConsumer<Credentials, List<X509Certificate>> changed) {
    Path file = config.kubeconfig();
    FollowedFiles<Said> files =
        new FollowedFiles<>(
            vertx,
            "--kubeconfig " + file,
            new Said(List.of(file), config.authorities(), config.credentials()),
            Said::files,
            () -> read(file, preferred));
    files.follow(PERIOD, said -> changed.accept(said.credentials, said.authorities));
    return new FollowedKubeconfig(files);
  }

  private static Said read(Path file, UnaryOperator<ClientConfig> preferred) throws IOException {
    Kubeconfig kubeconfig = Kubeconfig.read(file);
    ClientConfig config = preferred.apply(ClientConfig.of(kubeconfig));
    List<Path> files = new ArrayList<>(kubeconfig.files());
    files.add(file);
    return new Said(files, config.authorities(), config.credentials());
  }

  void stop() {
    files.stop();
  }
}
