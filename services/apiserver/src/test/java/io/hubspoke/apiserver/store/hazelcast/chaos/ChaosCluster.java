package io.hubspoke.apiserver.store.hazelcast.chaos;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/**
 * Three apiservers over a store of their own, each in a network of its own. Clients are in a fourth
 * that passes packets on between them, so that a member can be cut off from the others alone.
 */
final class ChaosCluster {
  static final int SIZE = 3;
  static final String TOKEN = "chaos-token";

  private final CertificateAuthority authority =
      CertificateAuthority.create("chaos-ca", TestApiserver.VALIDITY);
  private final NetworkNamespace middle;
  private final List<NetworkNamespace> networks = new ArrayList<>();
  private final ApiserverProcess[] processes = new ApiserverProcess[SIZE];
  private final Path dir;
  private final SSLSocketFactory tls;

  ChaosCluster(Path dir) throws Exception {
    this.dir = dir;
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {Tls.trust(List.of(authority.certificate()))}, null);
    tls = context.getSocketFactory();
    Files.writeString(dir.resolve("ca.crt"), Pem.encode(authority.certificate()));
    Files.writeString(dir.resolve("tokens"), TOKEN + ",chaos,1,\"system:masters\"\n");
    CertificateAuthority peers = CertificateAuthority.create("chaos-peers", TestApiserver.VALIDITY);
    Files.writeString(dir.resolve("peer-ca.crt"), Pem.encode(peers.certificate()));
    middle = NetworkNamespace.make("middle");
    try {
      middle.forward();
      for (int i = 0; i < SIZE; i++) {
        NetworkNamespace network = NetworkNamespace.make("store" + i);
        networks.add(network);
        middle.join("to" + i, "10.77." + i + ".1/24", network, "eth0", address(i) + "/24");
        network.ip("route", "add", "default", "via", "10.77." + i + ".1");
        authority
            .issueServer("kube-apiserver", SubjectAltNames.of(address(i)), TestApiserver.VALIDITY)
            .write(dir.resolve(i + ".crt"), dir.resolve(i + ".key"));
        peers
            .issue(
                CertificateProfile.peer(
                    "hubspoke-store", SubjectAltNames.of(address(i)), TestApiserver.VALIDITY))
            .write(dir.resolve("peer" + i + ".crt"), dir.resolve("peer" + i + ".key"));
      }
      middle.exec("nft", "add table ip cut");
      middle.exec("nft", "add chain ip cut pass { type filter hook forward priority 0; }");
      for (int i = 0; i < SIZE; i++) {
        start(i);
      }
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  static String address(int member) {
    return "10.77." + member + ".2";
  }

  static String server(int member) {
    return "https://" + address(member) + ":6443";
  }

  SSLSocketFactory tls() {
    return tls;
  }

  /** Starts a thread where the apiservers can be reached. */
  Thread client(String name, Runnable work) {
    return middle.thread(name, work);
  }

  void start(int member) throws IOException {
    processes[member] =
        ApiserverProcess.start(
            networks.get(member),
            dir.resolve("apiserver" + member + ".log"),
            List.of(
                "--bind-address=" + address(member),
                "--tls-cert-file=" + dir.resolve(member + ".crt"),
                "--tls-private-key-file=" + dir.resolve(member + ".key"),
                "--client-ca-file=" + dir.resolve("ca.crt"),
                "--token-auth-file=" + dir.resolve("tokens"),
                "--storage-backend=hazelcast",
                "--storage-listen=" + address(member) + ":5701",
                "--storage-members=" + address(0) + "," + address(1) + "," + address(2),
                "--storage-peer-cert-file=" + dir.resolve("peer" + member + ".crt"),
                "--storage-peer-key-file=" + dir.resolve("peer" + member + ".key"),
                "--storage-peer-trusted-ca-file=" + dir.resolve("peer-ca.crt")));
  }

  ApiserverProcess process(int member) {
    return processes[member];
  }

  /** Lets nothing pass between a member and the others; clients reach it. */
  void cut(int member) throws IOException {
    middle.exec("nft", "add rule ip cut pass ip saddr " + address(member) + " drop");
    middle.exec("nft", "add rule ip cut pass ip daddr " + address(member) + " drop");
  }

  void heal() throws IOException {
    middle.exec("nft", "flush chain ip cut pass");
  }

  void close() throws Exception {
    for (ApiserverProcess process : processes) {
      if (process != null) {
        process.kill();
      }
    }
    for (NetworkNamespace network : networks) {
      network.close();
    }
    middle.close();
  }
}
