package io.hubspoke.api;

import java.util.List;

/** Makes the 422 of a well-formed patch that can't be applied, as the real apiserver words it. */
final class PatchRejection {
  private PatchRejection() {}

  static ApiException of(String why) {
    return new Status(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
            new Status.Details(
                "",
                "",
                "",
                "",
                List.of(new Status.Cause("UnexpectedServerResponse", why, "patch")),
                0))
        .toException();
  }
}
