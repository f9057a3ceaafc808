package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class VerifiedTokensTest {
  private static final TokenClaims CLAIMS =
      new TokenClaims.Legacy(
          "default",
          new TokenClaims.Ref("robot", "u"),
          "s",
          List.of(),
          new TokenClaims.Validity(null, null, null));

  @Test
  void theOneThatWasNotShownForLongestIsForgottenFirst() {
    var tokens = new VerifiedTokens(2);
    tokens.put("a", CLAIMS);
    tokens.put("b", CLAIMS);
    assertThat(tokens.get("a")).isEqualTo(CLAIMS);
    tokens.put("c", CLAIMS);
    assertThat(tokens.get("b")).isNull();
    assertThat(tokens.get("a")).isEqualTo(CLAIMS);
  }

  /** Who may ask for tokens could fill the memory with audiences, of which each may name many. */
  @Test
  void whatIsLongerThanATokenOfAPodIsNotRemembered() {
    var tokens = new VerifiedTokens(2);
    tokens.put("t".repeat(2_000), CLAIMS);
    tokens.put("t".repeat(16_000), CLAIMS);
    assertThat(tokens.size()).isEqualTo(1);
  }
}
