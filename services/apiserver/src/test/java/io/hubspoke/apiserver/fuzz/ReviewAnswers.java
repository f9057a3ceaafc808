package io.hubspoke.apiserver.fuzz;

import io.hubspoke.apiserver.webhook.AnsweredReview;

/** What a webhook answers is a verdict, or none. */
public final class ReviewAnswers {
  private ReviewAnswers() {}

  public static void fuzzerTestOneInput(byte[] input) {
    AnsweredReview.read(input);
  }
}
