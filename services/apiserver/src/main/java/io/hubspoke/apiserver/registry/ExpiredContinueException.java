package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;

/**
 * A page of a state that is gone. The answer carries a token with which the client may go on in the
 * newest state, if a list of two states will do.
 */
final class ExpiredContinueException extends RuntimeException {
  private final String inconsistentToken;

  ExpiredContinueException(String inconsistentToken) {
    super(
        "The provided continue parameter is too old to display a consistent list result. You can"
            + " start a new list without the continue parameter, or use the continue token in this"
            + " response to retrieve the remainder of the results. Continuing with the provided"
            + " token results in an inconsistent list - objects that were created, modified, or"
            + " deleted between the time the first chunk was returned and now may show up in the"
            + " list.",
        null,
        false,
        false);
    this.inconsistentToken = inconsistentToken;
  }

  ObjectNode status() {
    ObjectNode status = Status.expired(getMessage()).toJson();
    Meta.of(status).put("continue", inconsistentToken);
    return status;
  }
}
