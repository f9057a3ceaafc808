package io.hubspoke.apiserver.audit;

import java.util.Optional;

/** How far a request has come when an event is made (audit.k8s.io/v1, {@code Stage}). */
enum AuditStage {
  REQUEST_RECEIVED("RequestReceived"),
  /** The head of a stream's answer was sent; its end may be far away. */
  RESPONSE_STARTED("ResponseStarted"),
  RESPONSE_COMPLETE("ResponseComplete"),
  PANIC("Panic");

  private final String text;

  AuditStage(String text) {
    this.text = text;
  }

  static Optional<AuditStage> of(String text) {
    for (AuditStage stage : values()) {
      if (stage.text.equals(text)) {
        return Optional.of(stage);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return text;
  }
}
