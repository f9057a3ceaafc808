package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@code hubspoke} starts itself again. */
class OwnCommandTest {
  @TempDir private Path dir;

  @Test
  void children_are_of_the_distribution_that_was_started_wherever_its_classes_were_archived()
      throws Exception {
    var launcher = Files.createDirectories(dir.resolve("bin")).resolve("hubspoke");
    Files.createFile(
        launcher,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    // Its classes are said to be from elsewhere, as those of a distribution's AOT cache are that
    // was copied with it.
    var lib = Files.createDirectories(dir.resolve("lib"));
    var command = launchedBy(referring(lib.resolve("hubspoke.jar")));
    assertThat(Path.of(command).normalize()).isEqualTo(launcher);
  }

  @Test
  void without_a_launcher_they_are_started_as_this_process_was() throws Exception {
    assertThat(launchedBy(referring(dir.resolve("hubspoke.jar"))))
        .isEqualTo(ProcessHandle.current().info().command().orElseThrow());
  }

  private static Path referring(Path jar) throws IOException {
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(
            Attributes.Name.CLASS_PATH,
            Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(each -> Path.of(each).toUri().toString())
                .collect(Collectors.joining(" ")));
    new JarOutputStream(Files.newOutputStream(jar), manifest).close();
    return jar;
  }

  private static String launchedBy(Path classPath) throws Exception {
    var child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                classPath.toString(),
                Child.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var said = new String(child.getInputStream().readAllBytes(), UTF_8);
    assertThat(child.waitFor()).isZero();
    return said.strip();
  }

  /** Says by what it would start a child. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println(OwnCommand.launched(List.of("sshd")).getFirst());
    }
  }
}
