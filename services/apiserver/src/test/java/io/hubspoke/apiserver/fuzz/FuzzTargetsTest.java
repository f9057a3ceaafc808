package io.hubspoke.apiserver.fuzz;

import io.hubspoke.testing.FuzzTargets;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The fuzz targets, each with its seeds. */
class FuzzTargetsTest {
  private static final Map<String, Consumer<byte[]>> TARGETS =
      Map.of(
          "CertificateRequests", CertificateRequests::fuzzerTestOneInput,
          "JsonBody", JsonBody::fuzzerTestOneInput,
          "Patches", Patches::fuzzerTestOneInput,
          "ProtobufBody", ProtobufBody::fuzzerTestOneInput,
          "RequestPaths", RequestPaths::fuzzerTestOneInput,
          "ReviewAnswers", ReviewAnswers::fuzzerTestOneInput,
          "Selectors", Selectors::fuzzerTestOneInput,
          "Tokens", Tokens::fuzzerTestOneInput,
          "WrittenObjects", WrittenObjects::fuzzerTestOneInput,
          "YamlBody", YamlBody::fuzzerTestOneInput);

  @TestFactory
  Stream<DynamicTest> nothingThatIsSentBreaksWhatReadsIt() {
    return FuzzTargets.tests(TARGETS, 50);
  }
}
