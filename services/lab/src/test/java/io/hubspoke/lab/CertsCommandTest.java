package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertsCommandTest {
  @TempDir private Path dir;
  private final StringWriter err = new StringWriter();

  private int run(String... flags) {
    var arguments = new ArrayList<>(List.of("certs", "--dir", dir.toString()));
    arguments.addAll(List.of(flags));
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(new StringWriter(), true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments.toArray(String[]::new));
  }

  private List<String> servingNames() throws Exception {
    return Pem.readCertificates(dir.resolve("pki/apiserver.crt"))
        .getFirst()
        .getSubjectAlternativeNames()
        .stream()
        .map(name -> name.get(1).toString())
        .toList();
  }

  @Test
  void certificatesAndKubeconfigsNameTheAddressesGiven() throws Exception {
    assertThat(
            run(
                "--control-plane-endpoint=api.example.com:443",
                "--apiserver-advertise-address=10.0.0.1",
                "--apiserver-cert-extra-sans=10.0.0.2,*.example.org",
                "--service-cidr=10.96.0.0/16"))
        .as(err.toString())
        .isZero();
    assertThat(servingNames())
        .contains("api.example.com", "10.0.0.1", "10.0.0.2", "*.example.org", "10.96.0.1")
        .contains("kubernetes.default.svc.cluster.local", "127.0.0.1");
    for (var file :
        List.of("admin", "scheduler", "controller-manager", "kube-proxy", "bootstrap-kubelet")) {
      var kubeconfig = Kubeconfig.read(dir.resolve(file + ".kubeconfig"));
      assertThat(kubeconfig.cluster().server()).as(file).isEqualTo("https://api.example.com:443");
    }
  }

  @Test
  void whatIsSecretIsItsOwnersAlone() throws Exception {
    assertThat(run("--control-plane-endpoint=10.0.0.1")).as(err.toString()).isZero();
    try (var files = Files.walk(dir)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        var text = Files.readString(file);
        if (text.contains("PRIVATE KEY") || text.contains("token") || text.contains("bootstrap")) {
          assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
              .as(file.toString())
              .isEqualTo("rw-------");
        }
      }
    }
  }

  @Test
  void aSecondRunKeepsAuthoritiesKeysAndTheTokenAndIssuesTheRestAnew() throws Exception {
    assertThat(run("--control-plane-endpoint=10.0.0.1")).as(err.toString()).isZero();
    var before = contents();
    assertThat(run("--control-plane-endpoint=10.0.0.2")).as(err.toString()).isZero();
    var after = contents();
    assertThat(after.keySet()).isEqualTo(before.keySet());
    for (var kept :
        List.of(
            "pki/ca.crt",
            "pki/ca.key",
            "pki/front-proxy-ca.crt",
            "pki/konnectivity-agent-ca.key",
            "pki/sa.key",
            "pki/known_tokens.csv",
            "pki/ssh/id_ed25519")) {
      assertThat(after.get(kept)).as(kept).isEqualTo(before.get(kept));
    }
    for (var renewed : List.of("pki/apiserver.crt", "admin.kubeconfig", "pki/monitoring.crt")) {
      assertThat(after.get(renewed)).as(renewed).isNotEqualTo(before.get(renewed));
    }
    assertThat(servingNames()).contains("10.0.0.2").doesNotContain("10.0.0.1");
  }

  private Map<String, String> contents() throws IOException {
    var contents = new TreeMap<String, String>();
    try (var files = Files.walk(dir)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        contents.put(dir.relativize(file).toString(), Files.readString(file));
      }
    }
    return contents;
  }

  @Test
  void anIpv6EndpointIsInBrackets() throws Exception {
    for (var endpoint : List.of("[fd00::1]:6443", "fd00::1", "[fd00::1]")) {
      assertThat(run("--control-plane-endpoint=" + endpoint)).as(err.toString()).isZero();
      assertThat(Kubeconfig.read(dir.resolve("admin.kubeconfig")).cluster().server())
          .isEqualTo("https://[fd00:0:0:0:0:0:0:1]:6443");
    }
  }

  @Test
  void aWrongFlagIsOneLineThatNamesIt() {
    for (var flags :
        List.of(
            List.of("--control-plane-endpoint=10.0.0.256"),
            List.of("--control-plane-endpoint=10.0.0.1:0"),
            List.of("--control-plane-endpoint=a_b"),
            List.of("--apiserver-advertise-address=api", "--control-plane-endpoint=a"),
            List.of("--apiserver-cert-extra-sans=a b", "--control-plane-endpoint=a"),
            List.of("--konnectivity-server-sans=-", "--control-plane-endpoint=a"),
            List.of("--service-dns-domain=", "--control-plane-endpoint=a"),
            List.of("--service-cidr=10.0.0.0", "--control-plane-endpoint=a"))) {
      err.getBuffer().setLength(0);
      var flag = flags.getFirst().substring(0, flags.getFirst().indexOf('='));
      assertThat(run(flags.toArray(String[]::new))).as(flags.toString()).isEqualTo(2);
      assertThat(err.toString()).startsWith("error: " + flag + ":").hasLineCount(1);
    }
  }

  @Test
  void outsideAPodThereIsNoClusterToKeepThemIn() {
    assertThat(run("--control-plane-endpoint=a", "--in-cluster")).isEqualTo(1);
    assertThat(err.toString()).startsWith("error: this runs in no pod").hasLineCount(1);
  }
}
