package io.hubspoke.lab;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A lab's directory: authorities, certificates and kubeconfig files, under kubeadm's names. An
 * authority that is there already is kept, so nodes keep their identities; the rest is issued anew.
 */
final class ClusterFiles {
  /** The common name of the proxies that the apiserver believes. */
  static final String FRONT_PROXY = "front-proxy-client";

  private static final Duration CA_VALIDITY = Duration.ofDays(3650);

  /** How long the certificates of components are good. */
  static final Duration VALIDITY = Duration.ofDays(365);

  private final Path directory;
  private final ControlPlaneEndpoints endpoints;
  private final CertificateAuthority ca;
  private final Identity scheduler;
  private final Identity controllerManager;
  private final Identity admin;

  private ClusterFiles(Path directory, ControlPlaneEndpoints endpoints) throws IOException {
    this.directory = directory;
    this.endpoints = endpoints;
    Files.createDirectories(pki());
    this.ca = authority("ca", "kubernetes");
    authority("front-proxy-ca", "front-proxy-ca")
        .issueClient(FRONT_PROXY, List.of(), VALIDITY)
        .write(pki().resolve("front-proxy-client.crt"), pki().resolve("front-proxy-client.key"));
    serviceAccountKeys();
    ca.issueServer("kube-apiserver", SubjectAltNames.of(endpoints.apiserverNames()), VALIDITY)
        .write(pki().resolve("apiserver.crt"), pki().resolve("apiserver.key"));
    ca.issueClient("kube-apiserver-kubelet-client", List.of("kubeadm:cluster-admins"), VALIDITY)
        .write(kubeletClientCertificate(), kubeletClientKey());
    scheduler = ca.issueClient("system:kube-scheduler", List.of(), VALIDITY);
    controllerManager = ca.issueClient("system:kube-controller-manager", List.of(), VALIDITY);
    admin = ca.issueClient("kubernetes-admin", List.of("system:masters"), VALIDITY);
    kubeconfig("admin.kubeconfig", endpoints.server(), "kubernetes-admin", admin);
    kubeconfig(
        "scheduler.kubeconfig", endpoints.schedulerServer(), "system:kube-scheduler", scheduler);
    kubeconfig(
        "controller-manager.kubeconfig",
        endpoints.controllerManagerServer(),
        "system:kube-controller-manager",
        controllerManager);
  }

  /** Writes what is missing in a lab's directory. */
  static ClusterFiles write(Path directory, ControlPlaneEndpoints endpoints) throws IOException {
    return new ClusterFiles(directory.toAbsolutePath().normalize(), endpoints);
  }

  /** Reads an authority of the lab, or makes it. */
  CertificateAuthority authority(String file, String name) throws IOException {
    var certificate = pki().resolve(file + ".crt");
    var key = pki().resolve(file + ".key");
    if (Files.exists(certificate) && Files.exists(key)) {
      return CertificateAuthority.read(certificate, key);
    }
    var created = CertificateAuthority.create(name, CA_VALIDITY);
    created.write(certificate, key);
    return created;
  }

  /** Kept from start to start, as the authorities are: tokens outlive a restart. */
  private void serviceAccountKeys() throws IOException {
    if (!Files.exists(serviceAccountKey()) || !Files.exists(serviceAccountPublicKey())) {
      var pair = KeyPairs.generate();
      Pem.writePrivateKey(serviceAccountKey(), pair.getPrivate());
      AtomicFile.writePublic(serviceAccountPublicKey(), Pem.encode(pair.getPublic()));
    }
  }

  /** Writes the kubeconfig of somebody with a certificate. */
  void kubeconfig(String file, String server, String name, Identity identity) throws IOException {
    Kubeconfig.of(
            "hubspoke",
            Kubeconfig.Cluster.trusting(server, ca.certificate()),
            name,
            Kubeconfig.User.of(identity))
        .write(directory.resolve(file));
  }

  /** Writes the kubeconfig with which a node joins. */
  Path bootstrapKubeconfig(String file, Kubeconfig.Cluster cluster, BootstrapToken token)
      throws IOException {
    var path = directory.resolve(file);
    Kubeconfig.of("hubspoke", cluster, "kubelet-bootstrap", Kubeconfig.User.ofToken(token.value()))
        .write(path);
    return path;
  }

  ControlPlaneEndpoints endpoints() {
    return endpoints;
  }

  Path pki() {
    return directory.resolve("pki");
  }

  Path caCertificate() {
    return pki().resolve("ca.crt");
  }

  Path caKey() {
    return pki().resolve("ca.key");
  }

  /** Signs the tokens of service accounts. */
  Path serviceAccountKey() {
    return pki().resolve("sa.key");
  }

  /** Verifies the tokens of service accounts. */
  Path serviceAccountPublicKey() {
    return pki().resolve("sa.pub");
  }

  /** The authority of front proxies. */
  Path frontProxyCa() {
    return pki().resolve("front-proxy-ca.crt");
  }

  Path servingCertificate() {
    return pki().resolve("apiserver.crt");
  }

  Path servingKey() {
    return pki().resolve("apiserver.key");
  }

  Path kubeletClientCertificate() {
    return pki().resolve("apiserver-kubelet-client.crt");
  }

  Path kubeletClientKey() {
    return pki().resolve("apiserver-kubelet-client.key");
  }

  /** Where the kubeconfig files of kube-proxies in pods go. */
  Path kubeProxies() {
    return directory.resolve("kube-proxies");
  }

  Path node(String name) {
    return directory.resolve("nodes").resolve(name);
  }

  /** A kubeconfig of the control plane, such as {@code scheduler}. */
  Path kubeconfig(String component) {
    return directory.resolve(component + ".kubeconfig");
  }

  /** Issues certificates anew as they were issued here. */
  CertificateRenewal renewal() {
    return new CertificateRenewal(ca, VALIDITY);
  }

  CertificateAuthority ca() {
    return ca;
  }

  Identity scheduler() {
    return scheduler;
  }

  Identity controllerManager() {
    return controllerManager;
  }

  Identity admin() {
    return admin;
  }

  /** The administrator's client of the apiserver at a URL. */
  ClientConfig administrator(String url) {
    return ClientConfig.of(url, List.of(ca.certificate()), new Credentials.Certificate(admin));
  }

  /** A client of the apiserver at one of its addresses. */
  ClientConfig client(String address, Identity identity) {
    return ClientConfig.of(
        Addresses.url(address), List.of(ca.certificate()), new Credentials.Certificate(identity));
  }
}
