package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class CertificateSigningRequestStrategyTest {
  private static final Written CSRS = Written.as(ResourceTable.CERTIFICATE_SIGNING_REQUESTS);
  private static final String REQUEST =
      base64(
          Csr.create(
              new Subject("system:node:n1", List.of("system:nodes")),
              SubjectAltNames.NONE,
              KeyPairs.generate()));
  private static final String APPROVED =
      "{'type':'Approved','status':'True','reason':'Fine','message':'ok'}";

  @Test
  void notesWhoAsksWhateverTheClientClaims() {
    ObjectNode csr =
        CSRS.create(
            csr(REQUEST, "'username':'root','uid':'0','groups':['system:masters'],'extra':{},"));
    assertThat(csr.path("spec").path("username").asText()).isEqualTo("jane");
    assertThat(csr.path("spec").path("uid").asText()).isEqualTo("u1");
    assertThat(csr.path("spec").path("groups").toString()).isEqualTo("[\"dev\"]");
    assertThat(csr.path("spec").path("extra")).isEqualTo(json("{'scope':['a']}"));
  }

  @Test
  void beginsUndecidedWhateverStatusItComesWith() {
    String decided =
        csr(REQUEST, "").replace("'spec'", "'status':{'conditions':[" + APPROVED + "]},'spec'");
    assertThat(CSRS.create(decided).path("status")).isEmpty();
    assertThat(CSRS.errors(decided)).isEmpty();
  }

  @Test
  void refusesWhatIsNoRequest() {
    assertThat(CSRS.errors(csr("", ""))).containsExactly("spec.request: Required value");
    assertThatThrownBy(() -> CSRS.errors(csr("%%%", "")))
        .hasMessageEndingWith("illegal base64 data");
    assertThat(CSRS.errors(csr(base64("hello"), "")))
        .singleElement()
        .asString()
        .endsWith("PEM block type must be CERTIFICATE REQUEST");
    String pem = new String(Base64.getDecoder().decode(REQUEST), StandardCharsets.US_ASCII);
    assertThat(CSRS.errors(csr(base64(pem.replace("REQUEST", "")), ""))).hasSize(1);
    assertThat(CSRS.errors(csr(base64(pem + pem), ""))).hasSize(1);
    // The signature is the last part: a request changed in transit is nobody's.
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    der[der.length - 1] ^= 1;
    String forged =
        "-----BEGIN CERTIFICATE REQUEST-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
            + "\n-----END CERTIFICATE REQUEST-----\n";
    assertThat(CSRS.errors(csr(base64(forged), ""))).hasSize(1);
  }

  @Test
  void refusesUsagesSignersAndDurationsThatMeanNothing() {
    String valid = csr(REQUEST, "");
    assertThat(CSRS.errors(valid)).isEmpty();
    assertThat(CSRS.errors(valid.replace("['client auth']", "[]")))
        .containsExactly("spec.usages: Required value");
    assertThat(CSRS.errors(valid.replace("'client auth'", "'world domination'")))
        .singleElement()
        .asString()
        .startsWith("spec.usages[0]: Unsupported value: \"world domination\": supported values:");
    assertThat(CSRS.errors(valid.replace("'client auth'", "'client auth','client auth'")))
        .containsExactly("spec.usages[1]: Duplicate value: \"client auth\"");
    assertThat(CSRS.errors(valid.replace("example.com/signer", "")))
        .containsExactly("spec.signerName: Required value");
    for (String signer : List.of("nodomain", "/x", "example.com/", "single/x")) {
      assertThat(CSRS.errors(valid.replace("example.com/signer", signer))).as(signer).hasSize(1);
    }
    assertThat(CSRS.errors(csr(REQUEST, "'expirationSeconds':599,")))
        .containsExactly(
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600"
                + " seconds (10 minutes)");
  }

  @Test
  void neverChangesItsSpec() {
    ObjectNode old = CSRS.create(csr(REQUEST, ""));
    ObjectNode changed = old.deepCopy();
    changed.withObject("spec").put("username", "root").put("signerName", "other.com/x");
    for (String subresource : List.of("", "status", "approval")) {
      assertThat(CSRS.update(old, subresource, changed).path("spec"))
          .as(subresource)
          .isEqualTo(old.path("spec"));
    }
  }

  @Test
  void isDecidedByApprovalAndSignedByStatusOnly() {
    ObjectNode old = CSRS.create(csr(REQUEST, ""));
    ObjectNode both = old.deepCopy();
    both.set("status", json("{'certificate':'Y2VydA==','conditions':[" + APPROVED + "]}"));
    ObjectNode approved = CSRS.update(old, "approval", both);
    assertThat(approved.path("status").has("certificate")).isFalse();
    assertThat(approved.path("status").path("conditions")).hasSize(1);
    assertThat(approved.path("status").path("conditions").get(0).path("lastUpdateTime").asText())
        .endsWith("Z");
    ObjectNode signed = CSRS.update(old, "status", both);
    assertThat(signed.path("status").path("certificate").asText()).isEqualTo("Y2VydA==");
    assertThat(signed.path("status").has("conditions")).isFalse();
    assertThat(CSRS.update(old, "", both).path("status")).isEqualTo(old.path("status"));
  }

  @Test
  void keepsItsDecisionAndItsCertificate() {
    ObjectNode old = CSRS.create(csr(REQUEST, ""));
    old.set("status", json("{'certificate':'Y2VydA==','conditions':[" + APPROVED + "]}"));
    ObjectNode undecided = old.deepCopy();
    undecided.withObject("status").remove("conditions");
    assertThat(CSRS.errors(old, "approval", undecided))
        .containsExactly(
            "status.conditions: Forbidden: updates may not remove a condition of type"
                + " \"Approved\"");
    ObjectNode denied = old.deepCopy();
    denied
        .withObject("status")
        .withArray("conditions")
        .add(json("{'type':'Denied','status':'True'}"));
    assertThat(CSRS.errors(old, "approval", denied))
        .singleElement()
        .asString()
        .endsWith("Approved and Denied conditions are mutually exclusive");
    ObjectNode resigned = old.deepCopy();
    resigned.withObject("status").put("certificate", "b3RoZXI=");
    assertThat(CSRS.errors(old, "status", resigned))
        .containsExactly(
            "status.certificate: Forbidden: updates may not set certificate content that is"
                + " already set");
  }

  @Test
  void isShownWithItsDecision() {
    assertThat(condition("")).isEqualTo("Pending");
    assertThat(condition("'conditions':[" + APPROVED + "]")).isEqualTo("Approved");
    assertThat(condition("'certificate':'Y2VydA==','conditions':[" + APPROVED + "]"))
        .isEqualTo("Approved,Issued");
    assertThat(condition("'conditions':[" + APPROVED + ",{'type':'Failed','status':'True'}]"))
        .isEqualTo("Approved,Failed");
    assertThat(condition("'conditions':[{'type':'Denied','status':'True'}]")).isEqualTo("Denied");
  }

  private static String condition(String status) {
    return CSRS.row("{'metadata':{'name':'c'},'status':{" + status + "}}", "2026-01-01T00:00:00Z")
        .get("Condition");
  }

  private static String csr(String request, String fields) {
    return "{'metadata':{'name':'c'},'spec':{"
        + fields
        + "'request':'"
        + request
        + "','signerName':'example.com/signer','usages':['client auth']}}";
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
