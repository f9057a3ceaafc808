package io.hubspoke.kubelet.volumes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicDirectoryTest {
  private static final VolumeOwner OWN = new VolumeOwner(-1, -1);

  @TempDir private Path root;

  private static VolumeFile file(String content) {
    return new VolumeFile(content.getBytes(UTF_8), 0640, -1);
  }

  @Test
  void filesAreReplacedAsAWholeAndHaveTheirModes() throws Exception {
    Path volume = root.resolve("v");
    AtomicDirectory directory = new AtomicDirectory(volume, OWN);
    directory.write(Map.of("token", file("one"), "sub/ca.crt", file("ca")));
    assertThat(volume.resolve("token")).isSymbolicLink().hasContent("one");
    assertThat(volume.resolve("sub/ca.crt")).hasContent("ca");
    Path before = volume.resolve("..data").toRealPath();
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(before.resolve("token"))))
        .isEqualTo("rw-r-----");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(volume)))
        .isEqualTo("rwxr-xr-x");

    directory.write(Map.of("token", file("two")));
    assertThat(volume.resolve("token")).hasContent("two");
    assertThat(volume.resolve("sub")).doesNotExist();
    assertThat(before).doesNotExist();
    try (var entries = Files.list(volume)) {
      assertThat(entries.map(e -> e.getFileName().toString()).filter(n -> !n.startsWith("..")))
          .containsExactly("token");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../out", "a/../../out", "/etc/passwd", "", ".", "..data", "a/../..x", "a\0b"})
  void aPathThatLeadsOutIsRefused(String path) {
    AtomicDirectory directory = new AtomicDirectory(root.resolve("v"), OWN);
    assertThatThrownBy(() -> directory.write(Map.of(path, file(""))))
        .isInstanceOf(MountException.class);
    assertThat(root.resolve("out")).doesNotExist();
  }

  /** It is tried again and again; what was written by then may be a secret. */
  @Test
  void whatCannotBeWrittenAsAWholeLeavesNothing() throws Exception {
    Path volume = root.resolve("v");
    AtomicDirectory directory = new AtomicDirectory(volume, OWN);
    Map<String, VolumeFile> files = new LinkedHashMap<>();
    files.put("key", file("secret"));
    files.put("../out", file(""));
    assertThatThrownBy(() -> directory.write(files)).isInstanceOf(MountException.class);
    assertThat(volume).isEmptyDirectory();
    files.remove("../out");
    files.put("key/below", file(""));
    assertThatThrownBy(() -> directory.write(files)).isInstanceOf(IOException.class);
    assertThat(volume).isEmptyDirectory();
  }
}
