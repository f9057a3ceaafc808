package io.hubspoke.tunnel.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwx--x---"})
  void aPrivateKeyToWhichOthersHaveRightsIsRefused(String open) throws Exception {
    Path file = directory.resolve("id");
    var made = KeyFile.readOrMake(file, "tester");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(open));
    assertThatThrownBy(() -> KeyFile.read(file))
        .isInstanceOf(IOException.class)
        .hasMessage(
            file + ": others have rights to this private key (" + open + "): run chmod 600 on it");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    assertThat(KeyFile.read(file).getPublic()).isEqualTo(made.getPublic());
  }

  @Test
  void aPrivateKeyOfAnotherUserIsHisToGuard() throws Exception {
    Path file = directory.resolve("id");
    var made = KeyFile.readOrMake(file, "tester");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
    try {
      Files.setAttribute(file, "unix:uid", 65_534);
    } catch (IOException notRoot) {
      Assumptions.abort("only root gives files away");
    }
    assertThat(KeyFile.read(file).getPublic()).isEqualTo(made.getPublic());
  }
}
