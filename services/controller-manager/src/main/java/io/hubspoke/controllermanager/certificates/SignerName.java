package io.hubspoke.controllermanager.certificates;

import io.hubspoke.pki.Csr;
import io.hubspoke.pki.SubjectAltNames;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The signers of Kubernetes that this controller manager serves, each with the rules that the
 * documentation gives it ("Certificates and Certificate Signing Requests", "Kubernetes signers").
 */
public enum SignerName {
  /** Client certificates that an administrator approves. */
  KUBE_APISERVER_CLIENT("kubernetes.io/kube-apiserver-client") {
    @Override
    Optional<String> refusal(Csr csr, Set<String> usages) {
      // The apiserver's CertificateSubjectRestriction refuses these already; a signer that others
      // reach must not depend on it.
      if (csr.subject().organizations().contains("system:masters")) {
        return Optional.of("subject organization system:masters is not allowed");
      }
      for (var usage : new TreeSet<>(usages)) {
        if (!CLIENT.contains(usage)) {
          return Optional.of("invalid usage for client certificate: " + usage);
        }
      }
      return usages.contains("client auth")
          ? Optional.empty()
          : Optional.of("missing required usage for client certificate: client auth");
    }
  },

  /** Client certificates of kubelets. */
  KUBELET_CLIENT("kubernetes.io/kube-apiserver-client-kubelet") {
    @Override
    Optional<String> refusal(Csr csr, Set<String> usages) {
      var names = csr.altNames();
      if (!names.dnsNames().isEmpty()) {
        return Optional.of("DNS subjectAltNames are not allowed");
      }
      if (!names.ipAddresses().isEmpty()) {
        return Optional.of("IP subjectAltNames are not allowed");
      }
      return emailOrUri(names).or(() -> notNode(csr)).or(() -> otherUsages(usages, CLIENT));
    }
  },

  /** Serving certificates of kubelets. */
  KUBELET_SERVING("kubernetes.io/kubelet-serving") {
    @Override
    Optional<String> refusal(Csr csr, Set<String> usages) {
      var names = csr.altNames();
      if (names.dnsNames().isEmpty() && names.ipAddresses().isEmpty()) {
        return Optional.of("DNS or IP subjectAltName is required");
      }
      return emailOrUri(names).or(() -> notNode(csr)).or(() -> otherUsages(usages, SERVER));
    }
  };

  static final String NODE_USER_PREFIX = "system:node:";
  static final String NODES_GROUP = "system:nodes";

  private static final Set<String> CLIENT =
      Set.of("client auth", "digital signature", "key encipherment");
  private static final Set<String> SERVER =
      Set.of("server auth", "digital signature", "key encipherment");

  private final String fullName;

  SignerName(String fullName) {
    this.fullName = fullName;
  }

  /** Returns the name that {@code spec.signerName} holds. */
  public String fullName() {
    return fullName;
  }

  /** Finds a signer by the name that {@code spec.signerName} holds. */
  static Optional<SignerName> of(String fullName) {
    for (var signer : values()) {
      if (signer.fullName.equals(fullName)) {
        return Optional.of(signer);
      }
    }
    return Optional.empty();
  }

  /** Says why this signer never signs the request; empty when it may. */
  abstract Optional<String> refusal(Csr csr, Set<String> usages);

  private static Optional<String> notNode(Csr csr) {
    if (!csr.subject().organizations().equals(List.of(NODES_GROUP))) {
      return Optional.of("subject organization is not system:nodes");
    }
    var name = csr.subject().commonName();
    return name.startsWith(NODE_USER_PREFIX) && name.length() > NODE_USER_PREFIX.length()
        ? Optional.empty()
        : Optional.of("subject common name does not begin with system:node:");
  }

  private static Optional<String> emailOrUri(SubjectAltNames names) {
    if (!names.emails().isEmpty()) {
      return Optional.of("Email subjectAltNames are not allowed");
    }
    return names.uris().isEmpty()
        ? Optional.empty()
        : Optional.of("URI subjectAltNames are not allowed");
  }

  /** Usages must be exactly these; key encipherment, which only RSA keys need, may be absent. */
  private static Optional<String> otherUsages(Set<String> usages, Set<String> required) {
    var withoutRsa = new TreeSet<>(required);
    withoutRsa.remove("key encipherment");
    return usages.equals(required) || usages.equals(withoutRsa)
        ? Optional.empty()
        : Optional.of("usages did not match " + new TreeSet<>(required));
  }
}
