package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.hubspoke.api.Json;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Pem;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads a CertificateSigningRequest object, and makes changed copies of it. */
public final class Request {
  static final String APPROVED = "Approved";
  static final String DENIED = "Denied";
  static final String FAILED = "Failed";

  private final CertificateSigningRequest object;

  Request(CertificateSigningRequest object) {
    this.object = object;
  }

  CertificateSigningRequest object() {
    return object;
  }

  String name() {
    return object.getMetadata().getName();
  }

  /** Returns the signer, when it is one of those served here. */
  Optional<SignerName> signer() {
    return SignerName.of(object.getSpec().getSignerName());
  }

  String username() {
    return orEmpty(object.getSpec().getUsername());
  }

  List<String> groups() {
    var groups = object.getSpec().getGroups();
    return groups == null ? List.of() : groups;
  }

  Set<String> usages() {
    var usages = object.getSpec().getUsages();
    return usages == null ? Set.of() : Set.copyOf(usages);
  }

  /**
   * Reads the PKCS #10 request within.
   *
   * @throws IllegalArgumentException when it is malformed or not signed by its own key
   */
  Csr csr() {
    var pem = Base64.getDecoder().decode(orEmpty(object.getSpec().getRequest()));
    return Csr.parse(new String(pem, StandardCharsets.US_ASCII));
  }

  boolean has(String type) {
    return conditions().stream()
        .anyMatch(c -> type.equals(c.getType()) && !"False".equals(c.getStatus()));
  }

  boolean isIssued() {
    var status = object.getStatus();
    return status != null && !orEmpty(status.getCertificate()).isEmpty();
  }

  /** Returns when the certificate that was issued ends; empty when it can't be read. */
  Optional<Instant> expiry() {
    try {
      var pem = Base64.getDecoder().decode(orEmpty(object.getStatus().getCertificate()));
      var issued = Pem.parseCertificates(new String(pem, StandardCharsets.US_ASCII));
      return Optional.of(issued.getFirst().getNotAfter().toInstant());
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Returns when a condition was last updated, or when the object was made. */
  Instant since(String type) {
    return conditions().stream()
        .filter(c -> type.equals(c.getType()) && c.getLastUpdateTime() != null)
        .map(c -> Instant.parse(c.getLastUpdateTime()))
        .findFirst()
        .orElseGet(this::created);
  }

  Instant created() {
    return Instant.parse(object.getMetadata().getCreationTimestamp());
  }

  /** Returns a copy with one condition more. */
  CertificateSigningRequest with(String type, String reason, String message) {
    var copy = copy();
    var now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    var condition = new CertificateSigningRequestCondition();
    condition.setType(type);
    condition.setStatus("True");
    condition.setReason(reason);
    condition.setMessage(message);
    condition.setLastUpdateTime(now);
    condition.setLastTransitionTime(now);
    var conditions = new ArrayList<>(conditions());
    conditions.add(condition);
    copy.getStatus().setConditions(conditions);
    return copy;
  }

  /** Returns a copy with the certificate. */
  CertificateSigningRequest withCertificate(String pem) {
    var copy = copy();
    copy.getStatus()
        .setCertificate(
            Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
    return copy;
  }

  private CertificateSigningRequest copy() {
    var copy = Json.convert(Json.tree(object), CertificateSigningRequest.class);
    if (copy.getStatus() == null) {
      copy.setStatus(new CertificateSigningRequestStatus());
    }
    return copy;
  }

  private List<CertificateSigningRequestCondition> conditions() {
    var status = object.getStatus();
    return status == null || status.getConditions() == null ? List.of() : status.getConditions();
  }

  private static String orEmpty(String value) {
    return value == null ? "" : value;
  }
}
