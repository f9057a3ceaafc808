package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.JsonPatch;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.ResourceTable;

/** Reads what a webhook may answer. */
public final class AnsweredReview {
  private static final AdmissionReview REVIEW = review();

  private AnsweredReview() {}

  public static void read(byte[] input) {
    try {
      ReviewResponse response = REVIEW.read(input, true);
      response.denial("w.example.com").toJson();
      if (response.patch().length() > 0) {
        JsonPatch.apply(
            Json.object().putObject("metadata"), Json.parse(response.patch().getBytes()));
      }
    } catch (InvalidReviewException | ApiException refused) {
      // As it should be.
    }
  }

  /** In the older version, in which nobody looks at the answer's uid. */
  private static AdmissionReview review() {
    ObjectNode configuration =
        Configurations.json(
            "{'metadata':{'name':'c'},'webhooks':[{'name':'w.example.com',"
                + "'admissionReviewVersions':['v1beta1'],'clientConfig':{'url':'https://h/'}}]}");
    var request =
        new AdmissionRequest(
            AdmissionRequest.Operation.CREATE,
            User.ANONYMOUS,
            ResourceTable.CONFIG_MAPS.type(),
            "",
            "default",
            "m",
            Json.object(),
            null,
            false,
            Origin.SERVER);
    return new AdmissionReview(
        new Invocation(Webhook.of(configuration).getFirst(), request, request.type()));
  }
}
