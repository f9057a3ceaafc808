package io.hubspoke.controllermanager;

import io.hubspoke.client.election.Elected;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;

/** The kube-controller-manager. */
public final class ControllerManager extends VerticleBase {
  static final String USER_AGENT = "kube-controller-manager/v1.33.0";

  private final ControllerManagerOptions options;
  private final Elected elected;

  public ControllerManager(ControllerManagerOptions options) {
    this.options = options;
    this.elected =
        Elected.of(
            options.client().withUserAgent(USER_AGENT),
            options.leaderElection(),
            "kube-controller-manager",
            () -> new ControlLoops(options));
  }

  /** Stands for election; waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() throws IOException {
    readFiles();
    // Whatever this verticle runs on, its loops run on virtual threads; they end with it.
    return vertx.deployVerticle(elected, Elected.deployment());
  }

  /** Returns whether this replica is the one that acts. */
  public boolean isLeader() {
    return elected.isLeader();
  }

  /** A file that can't be read is told at once, not when this replica comes to lead. */
  private void readFiles() throws IOException {
    if (options.clusterSigningCertFile() != null) {
      Flag.read(
          "--cluster-signing-cert-file, --cluster-signing-key-file",
          () ->
              CertificateAuthority.read(
                  options.clusterSigningCertFile(), options.clusterSigningKeyFile()));
    }
    if (options.rootCaFile() != null) {
      Flag.read("--root-ca-file", () -> Pem.readCertificates(options.rootCaFile()));
    }
    if (options.serviceAccountPrivateKeyFile() != null) {
      Flag.read(
          "--service-account-private-key-file",
          () -> Pem.readPrivateKey(options.serviceAccountPrivateKeyFile()));
    }
  }
}
