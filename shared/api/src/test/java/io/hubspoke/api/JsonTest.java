package io.hubspoke.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class JsonTest {
  static String[] malformed() {
    return new String[] {
      "[".repeat(300),
      "{\"a\":".repeat(300),
      "{\"a\": " + "1".repeat(200) + "}",
      "{\"a\": {\"b\": [1",
      "{\"a\": 1} {}",
      "{\"a\": 1} x",
      "{\"a\": NaN}",
      "{\"a\": 01}",
      "{\"a\": \"\u0001\"}",
      "{\"a\": \"\\x\"}",
      "{'a': 1}",
      "{\"a\" 1}",
      "// x",
      "\u00ff\u00fe",
    };
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void refusesWhatIsMalformedInWordsOfItsOwn(String text) {
    var object =
        catchThrowableOfType(ApiException.class, () -> Json.parseObject(text.getBytes(UTF_8)));
    var value = catchThrowableOfType(ApiException.class, () -> Json.parse(text.getBytes(UTF_8)));
    for (ApiException refused : new ApiException[] {object, value}) {
      assertThat(refused.code()).isEqualTo(400);
      assertThat(refused.status().message())
          .doesNotContain(
              "Stream", "Source", "REDACTED", "jackson", "Feature", "ALLOW_", "JsonNode");
    }
  }

  @org.junit.jupiter.api.Test
  void saysWhatIsWrongAndWhere() {
    var refused =
        catchThrowableOfType(
            ApiException.class, () -> Json.parseObject("{\"a\":".repeat(300).getBytes(UTF_8)));
    assertThat(refused.status().message()).contains("nested deeper than 200 levels");
    refused = catchThrowableOfType(ApiException.class, () -> Json.parse("{\nx}".getBytes(UTF_8)));
    assertThat(refused.status().message())
        .startsWith("malformed JSON: Unexpected character ('x' (code 120))")
        .contains("(line 2, column ");
  }
}
