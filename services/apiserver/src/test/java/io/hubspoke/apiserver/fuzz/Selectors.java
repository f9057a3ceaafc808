package io.hubspoke.apiserver.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.FieldSelector;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.apiserver.http.FieldTerms;

/**
 * Selectors are parsed and matched, or bad requests; authorization never sees a term that is not
 * selected by.
 */
public final class Selectors {
  private Selectors() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    try {
      LabelSelector.parse(text);
    } catch (ApiException refused) {
      // As it should be.
    }
    FieldTerms terms = FieldTerms.of(text);
    FieldSelector selector;
    try {
      selector = FieldSelector.parse(text);
    } catch (ApiException refused) {
      return;
    }
    terms
        .equals()
        .forEach(
            (field, value) ->
                Expect.that(
                    selector.terms().contains(new FieldSelector.Term(field, value, false)),
                    field + "=" + value));
  }
}
