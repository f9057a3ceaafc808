package io.hubspoke.apiserver.webhook;

/** Says why what a webhook answered is no answer. */
final class InvalidReviewException extends Exception {
  private static final long serialVersionUID = 1L;

  InvalidReviewException(String message) {
    super(message);
  }
}
