package io.hubspoke.tunnel;

import io.hubspoke.testing.FuzzTargets;
import io.hubspoke.tunnel.konnectivity.PacketBytes;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The fuzz targets, each with its seeds. */
class FuzzTargetsTest {
  private static final Map<String, Consumer<byte[]>> TARGETS =
      Map.of("konnectivity.PacketBytes", PacketBytes::fuzzerTestOneInput);

  @TestFactory
  Stream<DynamicTest> nothingThatIsSentBreaksWhatReadsIt() {
    return FuzzTargets.tests(TARGETS, 1000);
  }
}
