package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The administrator with one kubectl, in a namespace that is made for each purpose. */
final class KubectlSession {
  private static final Pattern MINOR = Pattern.compile("GitVersion:\"v1\\.(\\d+)");

  private final Kubectl kubectl;
  private final int minor;
  private final Path config;
  private String namespace = "default";

  private KubectlSession(Kubectl kubectl, int minor, Path config) {
    this.kubectl = kubectl;
    this.minor = minor;
    this.config = config;
  }

  /** Returns a session with each kubectl that is installed. */
  static List<KubectlSession> ofEveryVersion(TestMesh mesh, Path dir) throws Exception {
    var sessions = new ArrayList<KubectlSession>();
    for (var binary : Kubectl.versions()) {
      var home = Files.createTempDirectory(dir, "session-");
      var config = home.resolve("kubeconfig");
      Files.copy(mesh.kubectl().kubeconfig(), config);
      var kubectl = new Kubectl(binary, config, home);
      sessions.add(new KubectlSession(kubectl, minor(kubectl), config));
    }
    return sessions;
  }

  private static int minor(Kubectl kubectl) throws Exception {
    var named = Pattern.compile("kubectl\\.1\\.(\\d+)").matcher(kubectl.binary().toString());
    if (named.find()) {
      return Integer.parseInt(named.group(1));
    }
    var told = MINOR.matcher(kubectl.run("version", "--client").out());
    assertThat(told.find()).as(kubectl.binary() + " tells its version").isTrue();
    return Integer.parseInt(told.group(1));
  }

  int minor() {
    return minor;
  }

  String version() {
    return "1-" + minor;
  }

  /** A number that no other session has. */
  int number() {
    return 100 + minor;
  }

  Path home() {
    return kubectl.home();
  }

  Kubectl kubectl() {
    return kubectl;
  }

  /** Makes a namespace and stays in it. */
  void inNamespace(String purpose) throws Exception {
    var name = purpose + "-" + version();
    assertThat(ok("create", "namespace", name)).isEqualTo("namespace/" + name + " created\n");
    assertThat(ok("config", "set-context", "--current", "--namespace=" + name))
        .contains("modified");
    assertThat(config).content().contains("namespace: " + name);
    namespace = name;
    // Pods need it, whether the controller has been here before or not.
    var account = run("create", "serviceaccount", "default");
    assertThat(account.out() + account.err()).containsAnyOf(" created", "already exists");
  }

  String namespace() {
    return namespace;
  }

  /** Edits an object by a script that is given the file's name, and returns what was printed. */
  String edits(Path editor, String object) throws Exception {
    var launcher = home().resolve("edit.sh");
    Files.writeString(
        launcher, "#!/bin/sh\nKUBE_EDITOR=%s exec %s \"$@\"\n".formatted(editor, kubectl.binary()));
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
    return new Kubectl(launcher, config, home()).run("edit", object).ok();
  }

  Kubectl.Result run(String... arguments) throws Exception {
    return kubectl.run(arguments);
  }

  /** Returns what a command printed that has to succeed. */
  String ok(String... arguments) throws Exception {
    return kubectl.run(arguments).ok();
  }

  /** Returns what a command complained that has to fail. */
  String failed(String... arguments) throws Exception {
    return kubectl.run(arguments).failed();
  }

  @Override
  public String toString() {
    return "kubectl 1." + minor;
  }
}
