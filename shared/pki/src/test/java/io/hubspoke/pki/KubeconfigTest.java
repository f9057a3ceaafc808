package io.hubspoke.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigTest {
  private final CertificateAuthority authority =
      CertificateAuthority.create("kubernetes", Duration.ofDays(1));

  @Test
  void readsWhatItWrote(@TempDir Path dir) throws Exception {
    var identity = authority.issueClient("admin", List.of("system:masters"), Duration.ofHours(1));
    var written =
        new Kubeconfig(
            Map.of(
                "a",
                Kubeconfig.Cluster.trusting("https://127.0.10.1:6443", authority.certificate()),
                "b",
                new Kubeconfig.Cluster("https://b", dir.resolve("ca.crt"), null, "kube", true)),
            Map.of(
                "u", Kubeconfig.User.of(identity),
                "t", Kubeconfig.User.ofToken("to\"k\\en: #\tx"),
                "f",
                    new Kubeconfig.User(
                        dir.resolve("c.pem"),
                        null,
                        dir.resolve("c.pem"),
                        null,
                        null,
                        dir.resolve("t"))),
            Map.of("x", new Kubeconfig.Context("a", "u", "kube-system")),
            "x");
    var file = dir.resolve("admin.kubeconfig");
    written.write(file);

    var read = Kubeconfig.read(file);
    assertThat(read).isEqualTo(written);
    assertThat(read.user().identity()).contains(identity);
    assertThat(read.cluster().authorities()).containsExactly(authority.certificate());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void countsRelativeFileNamesFromItsOwnDirectory(@TempDir Path dir) throws Exception {
    Files.writeString(dir.resolve("token"), "abc.def\n");
    var file = dir.resolve("config");
    Files.writeString(
        file,
        """
        apiVersion: v1
        kind: Config
        current-context: main
        contexts: [{name: main, context: {cluster: c, user: u}}]
        clusters:
        - name: c
          cluster: {server: 'https://h', certificate-authority: pki/ca.crt}
        users:
        - name: u
          user:
            tokenFile: token
        """);

    var config = Kubeconfig.read(file);
    assertThat(config.cluster().certificateAuthority()).isEqualTo(dir.resolve("pki/ca.crt"));
    assertThat(config.user().bearerToken()).contains("abc.def");
    assertThat(config.user().identity()).isEmpty();
  }

  @Test
  void saysWhatIsMissing() {
    var config = "kind: Config\ncurrent-context: x\n";
    assertThatThrownBy(() -> parse(config).cluster()).hasMessage("no context \"x\"");
    assertThatThrownBy(() -> parse("kind: Pod")).hasMessageContaining("kind Config");
    assertThatThrownBy(() -> parse("")).hasMessageContaining("kind Config");
    assertThatThrownBy(() -> parse("kind: Config\nclusters: [{name: a, cluster: {}}]"))
        .hasMessageContaining("server of cluster \"a\"");
  }

  @Test
  void showsNoSecretsWhenItFailsOrIsPrinted() {
    assertThatThrownBy(() -> parse("kind: Config\nusers: [ {token: sekret"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("sekret");
    assertThat(Kubeconfig.User.ofToken("sekret").toString()).doesNotContain("sekret");
  }

  private static Kubeconfig parse(String yaml) {
    return Kubeconfig.parse(yaml, Path.of("/"));
  }
}
