package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.http.ApiChain;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** Who signed had another clock than the server: what is let in, and what is said of the rest. */
class ClockSkewTest {
  private static final ListAppender<ILoggingEvent> LOG = new ListAppender<>();
  private static final Logger CHAIN = (Logger) LoggerFactory.getLogger(ApiChain.class);
  private static TokenServer tokens;
  private static String uid;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    tokens = new TokenServer(dir);
    uid = tokens.account("early");
    LOG.start();
    // Tests keep the log to warnings; who was refused is none.
    CHAIN.setLevel(Level.INFO);
    CHAIN.addAppender(LOG);
  }

  @AfterAll
  static void stop() {
    CHAIN.detachAppender(LOG);
    CHAIN.setLevel(null);
    tokens.close();
  }

  /** A token for an hour of another server's, whose clock is that far ahead. */
  private static ObjectNode claims(Duration ahead) {
    var now = Instant.now().plus(ahead).getEpochSecond();
    var claims =
        Json.object()
            .put("iss", TokenServer.ISSUER)
            .put("sub", "system:serviceaccount:default:early")
            .put("iat", now)
            .put("nbf", now)
            .put("exp", now + 3600);
    claims.putArray("aud").add(TokenServer.ISSUER);
    claims
        .putObject("kubernetes.io")
        .put("namespace", "default")
        .putObject("serviceaccount")
        .put("name", "early")
        .put("uid", uid);
    return claims;
  }

  @Test
  void clocksMayDifferByLessThanAMinute() throws Exception {
    assertThat(tokens.code(tokens.signer().sign(claims(Duration.ofSeconds(50))))).isEqualTo(200);
    assertThat(tokens.code(tokens.signer().sign(claims(Duration.ofSeconds(-3650))))).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "PT3M, iat, service account token is not valid yet",
    "PT3M, nbf, service account token is issued in the future",
    "PT-2H, iat, service account token has expired",
  })
  void aTokenOfAnotherTimeIsRefusedWithTheReasonWhereItBelongs(
      Duration ahead, String without, String reason) throws Exception {
    var claims = claims(ahead);
    claims.remove(without);
    var token = tokens.signer().sign(claims);

    var answer = tokens.server.anonymous().withToken(token).get("/version");
    assertThat(answer.code()).isEqualTo(401);
    // A stranger is not told why.
    assertThat(answer.text()).contains("\"message\":\"Unauthorized\"").doesNotContain(reason);
    untilLogged("invalid bearer token, " + reason);
    assertThat(tokens.review(token, List.of()).path("error").asText())
        .isEqualTo("[invalid bearer token, " + reason + "]");
  }

  @ParameterizedTest
  @CsvSource({"PT-2H, PT-1H, after", "PT1H, PT2H, before"})
  void aClientCertificateOfAnotherTimeIsRefusedAndTheLogHasTheDates(
      Duration from, Duration until, String side) throws Exception {
    var now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    var identity =
        tokens.server.ca.issue(
            CertificateProfile.client("system:node:astray", List.of("system:nodes"), Duration.ZERO)
                .valid(now.plus(from), now.plus(until)));
    assertThat(tokens.server.with(identity).get("/version").code()).isEqualTo(401);
    untilLogged(" is %s %s".formatted(side, now.plus(side.equals("after") ? until : from)));
  }

  private static void untilLogged(String text) throws Exception {
    Await.until(
        "the log says " + text,
        () -> {
          synchronized (LOG) {
            return List.copyOf(LOG.list);
          }
        },
        lines -> lines.stream().anyMatch(line -> line.getFormattedMessage().contains(text)));
  }
}
