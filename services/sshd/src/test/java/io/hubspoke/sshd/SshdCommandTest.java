package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.tunnel.ssh.KeyFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What the command does beside being a server. */
class SshdCommandTest {
  @TempDir private Path directory;

  private Path hostKey;

  @BeforeEach
  void authorize() throws Exception {
    KeyFile.readOrMake(directory.resolve("id"), "tester");
    hostKey = directory.resolve("ssh").resolve("host_key");
  }

  private int run(String... more) throws IOException {
    var arguments =
        new ArrayList<>(
            List.of(
                "--listen-address=127.0.0.1",
                "--host-key=" + hostKey,
                "--authorized-keys-file=" + directory.resolve("id.pub")));
    arguments.addAll(List.of(more));
    var command = new SshdCommand();
    new CommandLine(command)
        .setOverwrittenOptionsAllowed(true)
        .parseArgs(arguments.toArray(String[]::new));
    return command.call();
  }

  @Test
  void a_check_writes_nothing() throws Exception {
    assertThat(run("-t")).isZero();
    assertThat(hostKey.getParent()).doesNotExist();
  }

  @Test
  void a_check_is_of_flags_and_of_keys_that_are_there() throws Exception {
    assertThatThrownBy(() -> run("-t", "--listen-address=0.0.0.0"))
        .isInstanceOf(ParameterException.class)
        .hasMessageContaining("--permit-open");
    Files.createDirectories(hostKey.getParent());
    Files.writeString(hostKey, "nothing");
    assertThatThrownBy(() -> run("-t")).hasMessageStartingWith("--host-key: " + hostKey);
  }

  @Test
  void host_keys_that_are_missing_are_made_once() throws Exception {
    assertThat(run("-A")).isZero();
    var made = KeyFile.read(hostKey).getPublic();
    assertThat(run("-A")).isZero();
    assertThat(KeyFile.read(hostKey).getPublic()).isEqualTo(made);
    assertThat(run("-t")).isZero();
  }

  @Test
  void a_file_that_is_none_is_named() throws Exception {
    assertThatThrownBy(() -> run("-t", "--authorized-keys-file=" + directory))
        .hasMessageStartingWith("--authorized-keys-file: " + directory + ": ");
    Files.createDirectories(hostKey);
    assertThatThrownBy(() -> run("-t")).hasMessageStartingWith("--host-key: " + hostKey + ": ");
  }
}
