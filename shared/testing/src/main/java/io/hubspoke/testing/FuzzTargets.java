package io.hubspoke.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs fuzz targets with what has been found so far, and with some noise that is the same each
 * time. {@code make fuzz} has Jazzer look for more; what it finds goes to {@code
 * src/test/resources/fuzz/<target>}.
 */
public final class FuzzTargets {
  private static final Path CORPUS = Path.of("src", "test", "resources", "fuzz");

  private FuzzTargets() {}

  /**
   * Returns a test of each target, which fails when the target throws.
   *
   * @param targets by the names of their seeds' directories
   * @param altered how often each seed is altered
   */
  public static Stream<DynamicTest> tests(Map<String, Consumer<byte[]>> targets, int altered) {
    return targets.entrySet().stream()
        .map(
            target ->
                DynamicTest.dynamicTest(
                    target.getKey(), () -> all(target.getKey(), target.getValue(), altered)));
  }

  private static void all(String name, Consumer<byte[]> target, int altered) throws Exception {
    int count = 0;
    try (var files = Files.newDirectoryStream(CORPUS.resolve(name))) {
      for (Path file : files) {
        byte[] seed = Files.readAllBytes(file);
        one(target, file + " as it is", seed);
        var random = new Random(seed.length);
        for (int i = 0; i < altered; i++) {
          one(target, file + " altered " + i, altered(seed, random));
        }
        count++;
      }
    }
    assertThat(count).as("seeds of " + name).isPositive();
  }

  private static void one(Consumer<byte[]> target, String what, byte[] input) {
    assertThatCode(() -> target.accept(input)).as(what).doesNotThrowAnyException();
  }

  private static byte[] altered(byte[] seed, Random random) {
    byte[] input = seed.clone();
    for (int i = 0; i < 3 && input.length > 0; i++) {
      input[random.nextInt(input.length)] = (byte) random.nextInt(256);
    }
    return input;
  }
}
