package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.security.KeyPair;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CertificateRulesTest {
  private static final KeyPair KEY = KeyPairs.generate();
  private static final Subject NODE = new Subject("system:node:a", "system:nodes");
  private static final SubjectAltNames NONE = SubjectAltNames.NONE;
  private static final SubjectAltNames OWN = SubjectAltNames.of("a", "127.10.0.1");
  private static final SubjectAltNames EMAIL =
      new SubjectAltNames(List.of("a"), List.of(), List.of(), List.of("a@b"));
  private static final SubjectAltNames URI =
      new SubjectAltNames(List.of("a"), List.of(), List.of("spiffe://a"), List.of());
  private static final Set<String> CLIENT = Set.of("digital signature", "client auth");
  private static final Set<String> CLIENT_RSA =
      Set.of("digital signature", "client auth", "key encipherment");
  private static final Set<String> SERVER = Set.of("digital signature", "server auth");
  private static final Set<String> SERVER_RSA =
      Set.of("digital signature", "server auth", "key encipherment");
  private static final Set<String> BOTH = Set.of("digital signature", "client auth", "server auth");

  static Stream<Arguments> refused() {
    var client = SignerName.KUBELET_CLIENT;
    var serving = SignerName.KUBELET_SERVING;
    var any = SignerName.KUBE_APISERVER_CLIENT;
    var masters = new Subject("system:node:a", "system:masters");
    var more = new Subject("system:node:a", "system:nodes", "system:masters");
    return Stream.of(
        refusal(client, masters, NONE, CLIENT, "organization is not system:nodes"),
        refusal(client, more, NONE, CLIENT, "organization is not system:nodes"),
        refusal(client, new Subject("system:node:a"), NONE, CLIENT, "organization is not"),
        refusal(client, new Subject("a", "system:nodes"), NONE, CLIENT, "does not begin with"),
        refusal(
            client, new Subject("system:node:", "system:nodes"), NONE, CLIENT, "does not begin"),
        refusal(client, NODE, SubjectAltNames.of("a"), CLIENT, "DNS subjectAltNames are not"),
        refusal(client, NODE, SubjectAltNames.of("10.0.0.1"), CLIENT, "IP subjectAltNames are not"),
        refusal(
            client,
            NODE,
            new SubjectAltNames(List.of(), List.of(), List.of(), List.of("a@b")),
            CLIENT,
            "Email subjectAltNames are not"),
        refusal(
            client,
            NODE,
            new SubjectAltNames(List.of(), List.of(), List.of("spiffe://a"), List.of()),
            CLIENT,
            "URI subjectAltNames are not"),
        refusal(client, NODE, NONE, SERVER, "usages did not match"),
        refusal(client, NODE, NONE, BOTH, "usages did not match"),
        refusal(client, NODE, NONE, Set.of("client auth"), "usages did not match"),
        refusal(client, NODE, NONE, Set.of(), "usages did not match"),
        refusal(serving, masters, OWN, SERVER, "organization is not system:nodes"),
        refusal(serving, NODE, NONE, SERVER, "DNS or IP subjectAltName is required"),
        refusal(serving, NODE, EMAIL, SERVER, "Email subjectAltNames are not"),
        refusal(serving, NODE, URI, SERVER, "URI subjectAltNames are not"),
        refusal(serving, NODE, OWN, CLIENT, "usages did not match"),
        refusal(serving, NODE, OWN, BOTH, "usages did not match"),
        refusal(any, masters, NONE, CLIENT, "system:masters is not allowed"),
        refusal(any, new Subject("u"), NONE, SERVER, "invalid usage for client certificate"),
        refusal(any, new Subject("u"), NONE, BOTH, "invalid usage for client certificate: server"),
        refusal(
            any, new Subject("u"), NONE, Set.of("digital signature"), "missing required usage"));
  }

  @ParameterizedTest(name = "{0} {1} {2} {3}")
  @MethodSource
  void refused(
      SignerName signer, Subject subject, SubjectAltNames names, Set<String> usages, String why) {
    assertThat(signer.refusal(csr(subject, names), usages)).get().asString().contains(why);
  }

  static Stream<Arguments> accepted() {
    return Stream.of(
        Arguments.of(SignerName.KUBELET_CLIENT, NODE, NONE, CLIENT),
        Arguments.of(SignerName.KUBELET_CLIENT, NODE, NONE, CLIENT_RSA),
        Arguments.of(SignerName.KUBELET_SERVING, NODE, OWN, SERVER),
        Arguments.of(SignerName.KUBELET_SERVING, NODE, SubjectAltNames.of("a"), SERVER_RSA),
        Arguments.of(SignerName.KUBE_APISERVER_CLIENT, new Subject("u", "g"), NONE, CLIENT));
  }

  @ParameterizedTest(name = "{0} {1} {2} {3}")
  @MethodSource
  void accepted(SignerName signer, Subject subject, SubjectAltNames names, Set<String> usages) {
    assertThat(signer.refusal(csr(subject, names), usages)).isEmpty();
  }

  private static Arguments refusal(
      SignerName signer, Subject subject, SubjectAltNames names, Set<String> usages, String why) {
    return Arguments.of(signer, subject, names, usages, why);
  }

  private static Csr csr(Subject subject, SubjectAltNames names) {
    return Csr.parse(Csr.create(subject, names, KEY));
  }
}
