package io.hubspoke.apiserver.audit;

import java.util.Optional;

/** How much of a request is recorded (audit.k8s.io/v1, {@code Level}). */
enum AuditLevel {
  NONE("None"),
  METADATA("Metadata"),
  REQUEST("Request"),
  REQUEST_RESPONSE("RequestResponse");

  private final String text;

  AuditLevel(String text) {
    this.text = text;
  }

  static Optional<AuditLevel> of(String text) {
    for (AuditLevel level : values()) {
      if (level.text.equals(text)) {
        return Optional.of(level);
      }
    }
    return Optional.empty();
  }

  boolean atLeast(AuditLevel other) {
    return compareTo(other) >= 0;
  }

  @Override
  public String toString() {
    return text;
  }
}
