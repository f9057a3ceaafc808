package io.hubspoke.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.hubspoke.streams.spdy.SpdyBytes;
import io.hubspoke.streams.websocket.ChannelPayloads;
import io.hubspoke.streams.websocket.WebSocketFrames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The fuzz targets with what has been found so far, and with some noise that is the same each time.
 * {@code make fuzz} has Jazzer look for more; what it finds goes to {@code
 * src/test/resources/fuzz/<target>}.
 */
class FuzzTargetsTest {
  private static final Map<String, Consumer<byte[]>> TARGETS =
      Map.of(
          "spdy.SpdyBytes", SpdyBytes::fuzzerTestOneInput,
          "websocket.ChannelPayloads", ChannelPayloads::fuzzerTestOneInput,
          "websocket.WebSocketFrames", WebSocketFrames::fuzzerTestOneInput);
  private static final Path CORPUS = Path.of("src", "test", "resources", "fuzz");
  private static final int ALTERED = 100;

  @TestFactory
  Stream<DynamicTest> nothingThatIsSentBreaksWhatReadsIt() {
    return TARGETS.entrySet().stream()
        .map(target -> DynamicTest.dynamicTest(target.getKey(), () -> all(target.getKey())));
  }

  private static void all(String target) throws Exception {
    int count = 0;
    try (var files = Files.newDirectoryStream(CORPUS.resolve(target))) {
      for (Path file : files) {
        byte[] seed = Files.readAllBytes(file);
        one(target, file + " as it is", seed);
        var random = new Random(seed.length);
        for (int i = 0; i < ALTERED; i++) {
          one(target, file + " altered " + i, altered(seed, random));
        }
        count++;
      }
    }
    assertThat(count).as("seeds of " + target).isPositive();
  }

  private static void one(String target, String what, byte[] input) {
    assertThatCode(() -> TARGETS.get(target).accept(input)).as(what).doesNotThrowAnyException();
  }

  private static byte[] altered(byte[] seed, Random random) {
    byte[] input = seed.clone();
    for (int i = 0; i < 3 && input.length > 0; i++) {
      input[random.nextInt(input.length)] = (byte) random.nextInt(256);
    }
    return input;
  }
}
