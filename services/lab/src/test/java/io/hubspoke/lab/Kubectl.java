package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs a kubectl binary with a kubeconfig and a cache directory of its own. */
record Kubectl(Path binary, Path kubeconfig, Path home, Map<String, String> environment) {
  Kubectl(Path binary, Path kubeconfig, Path home) {
    this(binary, kubeconfig, home, Map.of());
  }

  /** What a command printed and how it ended. */
  record Result(int status, String out, String err) {
    /** Returns what was printed, having checked that the command succeeded. */
    String ok() {
      assertThat(status).as("exit status; stdout: %s; stderr: %s", out, err).isZero();
      return out;
    }

    /** Returns what it complained, having checked that the command failed. */
    String failed() {
      assertThat(status).as("exit status; stdout: %s", out).isNotZero();
      return err;
    }
  }

  /**
   * Finds the installed kubectl and the other versions beside it, which are named kubectl.1.NN, and
   * one more that {@code HUBSPOKE_KUBECTL} names.
   */
  static List<Path> versions() throws IOException {
    Path installed = null;
    for (String dir : System.getenv("PATH").split(":", -1)) {
      Path candidate = Path.of(dir, "kubectl");
      if (Files.isExecutable(candidate)) {
        installed = candidate.toRealPath();
        break;
      }
    }
    assertThat(installed).as("kubectl on the PATH, which these tests need").isNotNull();
    try (Stream<Path> beside = Files.list(installed.getParent())) {
      List<Path> others =
          new ArrayList<>(
              beside
                  .filter(p -> p.getFileName().toString().matches("kubectl\\.1\\.\\d+"))
                  .sorted()
                  .toList());
      // The plain one is one of the versions again, unless it is alone.
      if (others.isEmpty()) {
        others.add(installed);
      }
      String more = System.getenv("HUBSPOKE_KUBECTL");
      if (more != null && !more.isEmpty()) {
        assertThat(Path.of(more)).as("HUBSPOKE_KUBECTL").isExecutable();
        others.addFirst(Path.of(more));
      }
      return others;
    }
  }

  Kubectl as(Path otherKubeconfig) {
    return new Kubectl(binary, otherKubeconfig, home, environment);
  }

  /** Returns one that runs with this environment variable. */
  Kubectl with(String variable, String value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value);
    return new Kubectl(binary, kubeconfig, home, Map.copyOf(more));
  }

  Result run(String... arguments) throws Exception {
    return input("", arguments);
  }

  /** Runs a command with this standard input. */
  Result input(String stdin, String... arguments) throws Exception {
    Process process = start(arguments);
    CompletableFuture<String> err = read(process.getErrorStream());
    CompletableFuture<String> out = read(process.getInputStream());
    try (var in = process.getOutputStream()) {
      in.write(stdin.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It ended without reading all of it; its status says why.
    }
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("kubectl " + String.join(" ", arguments) + " does not end");
    }
    return new Result(process.exitValue(), out.get(), err.get());
  }

  /** Starts a command that goes on until it is stopped. */
  Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(binary.toString()));
    command.addAll(List.of(arguments));
    return start(command);
  }

  /** Starts another program, which runs kubectl with the same surroundings. */
  Process start(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put("KUBECONFIG", kubeconfig.toString());
    builder.environment().put("HOME", home.toString());
    builder.environment().put("KUBECACHEDIR", home.resolve("cache").toString());
    return builder.start();
  }

  private static CompletableFuture<String> read(java.io.InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
          } catch (IOException e) {
            return "";
          }
        },
        task -> Thread.ofVirtual().start(task));
  }
}
